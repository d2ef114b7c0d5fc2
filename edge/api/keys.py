"""/api/v1/admin/keys: API keys, for administrators, who hold a master key."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, WithJsonSchema
from starlette.requests import Request

from core.errors import FieldError, Invalid
from core.keys import DEFAULT_LIFETIME, Place, Wish, checked_slug
from core.models import KEY_SCOPES
from core.prompt import normalise
from edge.answers.answer import Answer
from edge.api.access import administrator
from edge.api.bodies import Body, body_of, checked_after
from edge.api.envelope import done, listed
from edge.api.fields import path_id
from edge.api.grammar import GIVEN_SCOPES, GIVEN_SLUG
from edge.api.shapes import key_json
from edge.api.windows import parameters_of, window_of
from edge.state import State

_LONGEST_DAYS = 3650
_LONGEST_HOURS = 8760
# What only a project's key can have.
_PROJECTS_OWN = (
    "organization",
    "project",
    "public",
    "scopes",
    "allowed_models",
    "expires_in_days",
    "expires_at",
)

Words = Annotated[tuple[str, ...], Field(max_length=100)]
KeyName = Annotated[str, checked_after(normalise), Field(min_length=1, max_length=100)]


class KeyDraft(Body):
    """``expiresAt: null`` or ``expiresInDays: null`` makes a project's key that never ends."""

    type: Literal["project", "master"] = "project"
    name: KeyName
    organization: Annotated[
        str, checked_after(partial(checked_slug, name="organization")), WithJsonSchema(GIVEN_SLUG)
    ] = ""
    project: Annotated[
        str, checked_after(partial(checked_slug, name="project")), WithJsonSchema(GIVEN_SLUG)
    ] = ""
    public: bool = True
    scopes: Annotated[Words, WithJsonSchema(GIVEN_SCOPES)] = KEY_SCOPES
    allowed_models: Words | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=_LONGEST_DAYS)] | None = None
    expires_at: AwareDatetime | None = None


class Rotation(Body):
    """For how many hours the old key goes on; without a number until it is revoked."""

    overlap_hours: Annotated[float, Field(ge=0, le=_LONGEST_HOURS)] | None = None


async def show_all(request: Request[State]) -> Answer:
    """GET /admin/keys."""
    await administrator(request)
    window, _ = window_of(request)
    listing = await request.state["keys"].listed(window)
    return listed(listing, [key_json(key) for key in listing.rows], window)


async def create(request: Request[State]) -> Answer:
    """POST /admin/keys: the only answer with the key itself."""
    await administrator(request)
    parameters_of(request)
    draft = await body_of(request, KeyDraft)
    key, secret = await request.state["keys"].create(_wish(draft, datetime.now(UTC)))
    return done({**key_json(key), "key": secret}, 201)


async def revoke(request: Request[State]) -> Answer:
    """POST /admin/keys/{id}/revoke; once more changes nothing."""
    await administrator(request)
    parameters_of(request)
    await body_of(request, Body)
    return done(key_json(await request.state["keys"].revoke(path_id(request))))


async def delete(request: Request[State]) -> Answer:
    """DELETE /admin/keys/{id}: revokes; the record stays in the list."""
    await administrator(request)
    parameters_of(request)
    key_id = path_id(request)
    await request.state["keys"].delete(key_id)
    return done({"id": key_id})


async def rotate(request: Request[State]) -> Answer:
    """POST /admin/keys/{id}/rotate: a successor, shown once."""
    await administrator(request)
    parameters_of(request)
    hours = (await body_of(request, Rotation)).overlap_hours
    overlap = None if hours is None else timedelta(hours=hours)
    key, secret = await request.state["keys"].rotate(path_id(request), overlap)
    return done({**key_json(key), "key": secret}, 201)


def _wish(draft: KeyDraft, now: datetime) -> Wish:
    """Raises Invalid with every field that does not go with the others."""
    if draft.type == "master":
        own = [name for name in _PROJECTS_OWN if draft.gave(name)]
        if own:
            message = "A master key belongs to no project and never expires; leave this out."
            raise Invalid(fields=[_field(name, "NOT_FOR_MASTER", message) for name in own])
        return Wish(draft.name, None)
    absent = [name for name in ("organization", "project") if not draft.gave(name)]
    problems = [_field(name, "FIELD_MISSING", "This field is required.") for name in absent]
    problems += _end_problems(draft, now)
    if problems:
        raise Invalid(fields=problems)
    return Wish(
        name=draft.name,
        place=Place(draft.organization, draft.project, draft.public),
        scopes=draft.scopes,
        allowed_models=draft.allowed_models,
        lifetime=_lifetime(draft, now),
    )


def _end_problems(draft: KeyDraft, now: datetime) -> list[FieldError]:
    if draft.gave("expires_at") and draft.gave("expires_in_days"):
        message = "Give expiresInDays or expiresAt, not both."
        return [_field("expires_at", "EXPIRES_AT_INVALID", message)]
    if draft.expires_at is not None and draft.expires_at <= now:
        return [_field("expires_at", "EXPIRES_AT_INVALID", "Use a time to come.")]
    return []


def _lifetime(draft: KeyDraft, now: datetime) -> timedelta | None:
    if draft.expires_at is not None:
        return draft.expires_at - now
    if draft.expires_in_days is not None:
        return timedelta(days=draft.expires_in_days)
    endless = draft.gave("expires_at") or draft.gave("expires_in_days")
    return None if endless else DEFAULT_LIFETIME


def _field(name: str, code: str, message: str) -> FieldError:
    return FieldError(KeyDraft.model_fields[name].alias or name, code, message)
