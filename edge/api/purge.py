"""POST /api/v1/purge: pictures are taken away everywhere, with a tombstone for good."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema
from starlette.requests import Request

from core.errors import FieldError, Forbidden, Invalid
from core.ids import checked_id
from core.keys import checked_slug
from core.library.aliases import checked_alias
from core.models import LIVE_GENERATE
from core.purging.delivery_ports import Delivery
from core.purging.service import (
    ByAlias,
    ByFlow,
    ByImage,
    ByProject,
    ByPrompt,
    ByScope,
    ByTag,
    Purged,
    Selection,
)
from edge.answers.answer import Answer
from edge.api.access import Caller, caller
from edge.api.bodies import canonical, checked_after, sound_part_of
from edge.api.envelope import done
from edge.api.grammar import ALIAS, GIVEN_ID, GIVEN_SLUG
from edge.api.idempotent import once
from edge.api.live_bodies import LiveBody, parameters_in
from edge.api.shapes import iso
from edge.api.windows import parameters_of
from edge.live_query import live_query
from edge.state import State

# What it destroys is in the image library and on live pages: it takes the right to either.
LIBRARY = "images"
# Seconds to wait for the CDN's first answer, so that the receipts usually say more than "pending".
RECEIPT_WAIT = 2.0

SELECTORS = ("imageId", "alias", "flowId", "scope", "prompt", "project", "tag")
_PROMPTS = {"prompt", "prompt64"}

Id = Annotated[str, checked_after(partial(checked_id, name="imageId")), WithJsonSchema(GIVEN_ID)]
Flow = Annotated[str, checked_after(partial(checked_id, name="flowId")), WithJsonSchema(GIVEN_ID)]
Alias = Annotated[
    str, checked_after(checked_alias), WithJsonSchema({"type": "string", "pattern": ALIAS})
]
Slug = Annotated[
    str, checked_after(partial(checked_slug, name="scope")), WithJsonSchema(GIVEN_SLUG)
]
Tag = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,300}$", description="One of a Cache-Tag.")]


class PurgeBody(LiveBody):
    """Exactly one of `imageId`, `alias`, `flowId`, `scope`, `prompt`, `project` and `tag`.

    With `prompt` go the live parameters that decide which picture it is. Sizes and formats may
    stand there, too: all of them go anyway. With `tombstone` nothing of it is ever made again.
    """

    image_id: Id | None = None
    alias: Alias | None = None
    flow_id: Flow | None = None
    scope: Slug | None = None
    project: Literal[True] | None = None
    tag: Tag | None = None
    tombstone: bool = False


async def purge(request: Request[State]) -> Answer:
    """POST /purge."""
    who = await caller(request, LIBRARY)
    if LIVE_GENERATE not in who.key.scopes:
        raise Forbidden
    parameters_of(request)
    body, problems = await sound_part_of(request, PurgeBody)
    selection = selection_of(body, problems)

    async def carry_out() -> Answer:
        return await _purged(request, who, selection, tombstone=body.tombstone)

    return await once(request, who, canonical(body), carry_out)


def selection_of(body: PurgeBody, problems: Sequence[FieldError]) -> Selection:
    """What is meant; ``problems`` were found before. Raises Invalid with every bad field."""
    given = {name for name, value in body.model_dump(by_alias=True).items() if value is not None}
    # A selector that is wrong is not missing as well.
    given |= {problem.name for problem in problems}
    chosen = [name for name in SELECTORS if name in _selectors(given)]
    problems = [*problems, *_disagreements(chosen, given)]
    if chosen == ["prompt"]:
        return ByPrompt(live_query(parameters_in(body, problems)).request)
    if problems:
        raise Invalid(fields=problems)
    return _other_selection(body)


def purged_json(purged: Purged, receipts: Sequence[Delivery]) -> dict[str, Any]:
    """A purge as the API tells it."""
    return {
        "purged": {"masters": purged.masters, "derivatives": purged.derivatives},
        "tags": list(purged.tags),
        "receipts": [
            {
                "id": one.id,
                "state": one.state,
                "attempts": one.attempts,
                "status": one.status,
                "at": iso(one.ended_at or one.created_at),
            }
            for one in receipts
        ],
    }


async def _purged(
    request: Request[State], who: Caller, selection: Selection, *, tombstone: bool
) -> Answer:
    purged = await request.state["purging"].purge(who.project, selection, tombstone=tombstone)
    deliveries = request.state["receipts"]
    receipts = await deliveries.receipts(who.project, purged.number, wait=RECEIPT_WAIT)
    return done(purged_json(purged, receipts))


def _selectors(given: set[str]) -> set[str]:
    return (given - _PROMPTS) | ({"prompt"} if given & _PROMPTS else set())


def _disagreements(chosen: Sequence[str], given: set[str]) -> list[FieldError]:
    if not chosen:
        message = f"Say what to purge: exactly one of {', '.join(SELECTORS)}."
        return [FieldError("body", "SELECTOR_MISSING", message)]
    found = []
    if len(chosen) > 1:
        message = f"Give one of {', '.join(chosen)}, not more."
        found = [FieldError(name, "SELECTOR_CONFLICT", message) for name in chosen]
    if "prompt" not in chosen:
        live = {str(field.alias) for field in LiveBody.model_fields.values()} - _PROMPTS
        message = "It says which picture of a prompt is meant; give it with a prompt only."
        found += [FieldError(name, "PROMPT_REQUIRED", message) for name in sorted(live & given)]
    return found


def _other_selection(body: PurgeBody) -> Selection:
    if body.image_id is not None:
        return ByImage(body.image_id)
    if body.alias is not None:
        return ByAlias(body.alias)
    if body.flow_id is not None:
        return ByFlow(body.flow_id)
    if body.scope is not None:
        return ByScope(body.scope)
    return ByProject() if body.tag is None else ByTag(body.tag)
