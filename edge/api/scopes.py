"""/api/v1/live/scopes: the doors of a project's public pages, and what each may spend."""

import re

from starlette.requests import Request

from core.generations.requests import Owner
from core.models import LIVE_GENERATE, LIVE_READ
from core.scopes.remaking import Wanted
from edge.answers.answer import Answer
from edge.api.access import Caller, caller
from edge.api.bodies import canonical, sound_part_of
from edge.api.envelope import done, listed
from edge.api.grammar import SLUG
from edge.api.idempotent import once
from edge.api.regeneration import Regeneration, wanted_in
from edge.api.scope_bodies import ScopeChanges, ScopeDraft, ensure_sound
from edge.api.shapes import generations_json, scope_json
from edge.api.sites import site_of
from edge.api.windows import parameters_of, window_of
from edge.state import State


async def create(request: Request[State]) -> Answer:
    """POST /live/scopes."""
    who = await caller(request, LIVE_GENERATE)
    parameters_of(request)
    scopes = request.state["scopes"]
    draft, problems = await sound_part_of(request, ScopeDraft)
    ensure_sound(draft, problems, scopes)

    async def work() -> Answer:
        record = await scopes.create(who.project.id, draft.slug, draft.given())
        _forget(request, who, draft.slug)
        return done(scope_json(record), 201)

    return await once(request, who, canonical(draft), work)


async def show_all(request: Request[State]) -> Answer:
    """GET /live/scopes."""
    who = await caller(request, LIVE_READ, LIVE_GENERATE)
    window, _ = window_of(request)
    listing = await request.state["scopes"].listed(who.project.id, window)
    return listed(listing, [scope_json(record) for record in listing.rows], window)


async def show(request: Request[State]) -> Answer:
    """GET /live/scopes/{slug}."""
    who = await caller(request, LIVE_READ, LIVE_GENERATE)
    parameters_of(request)
    record = await request.state["scopes"].find(who.project.id, _slug(request))
    return done(scope_json(record))


async def edit(request: Request[State]) -> Answer:
    """PUT /live/scopes/{slug}: a new slug gives its pages another address."""
    who = await caller(request, LIVE_GENERATE)
    parameters_of(request)
    scopes, slug = request.state["scopes"], _slug(request)
    body, problems = await sound_part_of(request, ScopeChanges)
    ensure_sound(body, problems, scopes)
    given = body.given() | ({"slug": body.slug} if body.gave("slug") else {})
    record = await scopes.edit(who.project.id, slug, given)
    _forget(request, who, slug)
    return done(scope_json(record))


async def delete(request: Request[State]) -> Answer:
    """DELETE /live/scopes/{slug}: its pages are gone, its pictures remain."""
    who = await caller(request, LIVE_GENERATE)
    parameters_of(request)
    slug = _slug(request)
    scope_id = await request.state["scopes"].delete(who.project.id, slug)
    _forget(request, who, slug)
    return done({"id": scope_id})


async def regenerate(request: Request[State]) -> Answer:
    """POST /live/scopes/{slug}/regenerate: 202, the work goes on without its caller."""
    who = await caller(request, LIVE_GENERATE)
    parameters_of(request)
    body, problems = await sound_part_of(request, Regeneration)
    wanted = wanted_in(body, problems)

    async def work() -> Answer:
        return await _remade(request, who, wanted)

    return await once(request, who, canonical(body), work)


async def _remade(request: Request[State], who: Caller, wanted: Wanted) -> Answer:
    record = await request.state["scopes"].find(who.project.id, _slug(request))
    owner = Owner(who.project, who.key)
    remade = await request.state["remaking"].regenerate(owner, record.scope, wanted)
    rows = list(remade.generations)
    pictures = await request.state["images"].of_generations(who.project.id, rows)
    shown = {
        "scope": record.scope.slug,
        "generations": generations_json(rows, pictures, site_of(request, who.project)),
        "remaining": remade.remaining,
        "nextCursor": remade.next_cursor,
    }
    return done(shown, 202)


def _slug(request: Request[State]) -> str:
    """The slug in the path; one no scope can have asks for nobody's, with the same queries."""
    slug: str = request.path_params["slug"]
    return slug if re.fullmatch(SLUG, slug) else ""


def _forget(request: Request[State], who: Caller, slug: str) -> None:
    """What this process remembers of the scope: other processes ask again within seconds."""
    request.state["credentials"].forget_scope(who.project.id, slug)
    request.state["hot"].clear()
