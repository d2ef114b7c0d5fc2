"""POST, GET, PUT, DELETE /api/v1/generations: pictures made, made again, and looked at."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import get_args

import orjson
from starlette.requests import Request

from core.errors import Invalid
from core.generations.requests import Owner
from core.generations.service import Outcome, Patience
from core.ids import asked_id, checked_id
from core.models import Generation, Status
from edge.answers.answer import Answer
from edge.api.access import Caller, caller
from edge.api.bodies import body_of, canonical
from edge.api.envelope import done, listed
from edge.api.fields import ON_CONFLICT, moves
from edge.api.generation_bodies import (
    GenerationChanges,
    GenerationEdit,
    NewGeneration,
    Nothing,
)
from edge.api.idempotent import once
from edge.api.prefer import Preference, preference_of
from edge.api.shapes import Json, generations_json
from edge.api.sites import site_of
from edge.api.windows import FLAG, flag, parameters_of, window_of
from edge.state import State

SCOPE = "generations"

_NOBODYS = "00000000-0000-0000-0000-000000000000"
_STATUSES: tuple[Status, ...] = get_args(Status)
_PAUSE = (b"retry-after", b"2")

Making = Callable[[Owner, Patience], Awaitable[Outcome]]


async def create(request: Request[State]) -> Answer:
    """POST /generations."""
    who = await caller(request, SCOPE)
    move = moves(parameters_of(request, choices=ON_CONFLICT))
    body = await body_of(request, NewGeneration)
    wanted, service = body.request(), request.state["generations"]

    async def make(owner: Owner, patience: Patience) -> Outcome:
        return await service.create(owner, wanted, patience, move=move)

    return await _made(request, who, canonical(body), make, status=201)


async def show_all(request: Request[State]) -> Answer:
    """GET /generations."""
    who = await caller(request, SCOPE)
    choices = {"status": _STATUSES, "includeDeleted": FLAG}
    window, given = window_of(request, "flowId", choices=choices)
    status = next((one for one in _STATUSES if one == given.get("status")), None)
    listing = await request.state["generations"].listed(
        who.project.id,
        window,
        status=status,
        flow_id=asked_id(given["flowId"]) if "flowId" in given else None,
        include_deleted=flag(given, "includeDeleted"),
    )
    return listed(listing, await _shown(request, who, listing.rows), window)


async def show(request: Request[State]) -> Answer:
    """GET /generations/{id}."""
    who = await caller(request, SCOPE)
    parameters_of(request)
    row = await request.state["generations"].find(who.project.id, generation_id(request))
    return done(await generation_shown(request, who, row))


async def edit(request: Request[State]) -> Answer:
    """PUT /generations/{id}."""
    who = await caller(request, SCOPE)
    parameters_of(request)
    body = await body_of(request, GenerationEdit)
    service, wanted = request.state["generations"], generation_id(request)
    preference = preference_of(request.headers, request.state["longest_wait"])
    outcome = await service.edit(
        Owner(who.project, who.key), wanted, body.changes(), _patience(preference)
    )
    return _located(await _answered(request, who, outcome, preference, status=200))


async def retry(request: Request[State]) -> Answer:
    """POST /generations/{id}/retry."""
    who = await caller(request, SCOPE)
    parameters_of(request)
    body = await body_of(request, GenerationChanges)
    service, wanted, changes = request.state["generations"], generation_id(request), body.changes()

    async def make(owner: Owner, patience: Patience) -> Outcome:
        return await service.retry(owner, wanted, changes, patience)

    return await _made(request, who, canonical(body), make, status=200)


async def regenerate(request: Request[State]) -> Answer:
    """POST /generations/{id}/regenerate."""
    who = await caller(request, SCOPE)
    parameters_of(request)
    await body_of(request, Nothing)
    service, wanted = request.state["generations"], generation_id(request)

    async def make(owner: Owner, patience: Patience) -> Outcome:
        return await service.regenerate(owner, wanted, patience)

    return await _made(request, who, b"", make, status=200)


async def cancel(request: Request[State]) -> Answer:
    """POST /generations/{id}/cancel."""
    who = await caller(request, SCOPE)
    parameters_of(request)
    await body_of(request, Nothing)
    service, wanted = request.state["generations"], generation_id(request)

    async def stop() -> Answer:
        row = await service.cancel(who.project.id, wanted)
        return done(await generation_shown(request, who, row))

    return await once(request, who, b"", stop)


async def delete(request: Request[State]) -> Answer:
    """DELETE /generations/{id}."""
    who = await caller(request, SCOPE)
    parameters_of(request)
    wanted = generation_id(request)
    await request.state["generations"].delete(who.project.id, wanted)
    return done({"id": wanted})


def generation_id(request: Request[State]) -> str:
    """The id in the path; one that cannot be anybody's asks for nobody's."""
    try:
        return checked_id(request.path_params["id"], "id")
    except Invalid:
        return _NOBODYS


async def generation_shown(request: Request[State], who: Caller, row: Generation) -> Json:
    """One generation as JSON, with its pictures."""
    (shown,) = await _shown(request, who, [row])
    return shown


async def _made(
    request: Request[State], who: Caller, content: bytes, make: Making, *, status: int
) -> Answer:
    """The answer to a POST that has a picture made, once per Idempotency-Key."""
    preference = preference_of(request.headers, request.state["longest_wait"])

    async def work() -> Answer:
        outcome = await make(Owner(who.project, who.key), _patience(preference))
        return await _answered(request, who, outcome, preference, status=status)

    return _located(await once(request, who, content, work))


async def _answered(
    request: Request[State],
    who: Caller,
    outcome: Outcome,
    preference: Preference,
    *,
    status: int,
) -> Answer:
    shown = await generation_shown(request, who, outcome.generation)
    if not outcome.ended and preference.respond_async:
        status = 202
    return done(shown, status, preference.headers)


def _located(answer: Answer) -> Answer:
    """With the place of what was made, also when the answer is repeated from memory."""
    if answer.status not in (201, 202):
        return answer
    made = orjson.loads(answer.body)["data"]["id"]
    headers = [(b"location", f"/api/v1/generations/{made}".encode("ascii"))]
    if answer.status == 202:
        headers.append(_PAUSE)
    return replace(answer, raw_headers=[*answer.raw_headers, *headers])


async def _shown(request: Request[State], who: Caller, rows: Iterable[Generation]) -> list[Json]:
    rows = list(rows)
    images = await request.state["images"].of_generations(who.project.id, rows)
    return generations_json(rows, images, site_of(request, who.project))


def _patience(preference: Preference) -> Patience:
    return Patience(preference.wait, preference.respond_async)
