"""POST /api/v1/live/sign: a URL that may have its picture made by whoever holds it."""

import time
from typing import Annotated

from pydantic import Field, WithJsonSchema
from starlette.requests import Request

from core.models import LIVE_GENERATE
from core.signing import LONGEST_LIFE
from core.spending.visitor import Visitor
from edge.answers.answer import Answer
from edge.api.access import caller, page_scope
from edge.api.bodies import canonical, sound_part_of
from edge.api.envelope import done
from edge.api.idempotent import once
from edge.api.live_bodies import LiveBody, parameters_in
from edge.api.shapes import iso
from edge.api.sites import origin_of
from edge.api.windows import parameters_of
from edge.live_urls import live_path, signed_target, wanted_url
from edge.state import State

DEFAULT_SCOPE = "page"
A_DAY = 86_400

_SECONDS = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": LONGEST_LIFE}, {"type": "null"}]}


class SignBody(LiveBody):
    """The picture, the page it is for, and how long the URL shall work."""

    scope: Annotated[str | None, Field(description="The page's scope.")] = DEFAULT_SCOPE
    expires_in: Annotated[
        int | None,
        WithJsonSchema(_SECONDS),
        Field(description="Seconds; from six hours on the end is a full hour."),
    ] = A_DAY


async def sign(request: Request[State]) -> Answer:
    """POST /live/sign. What the signer may not have made, it cannot sign for."""
    who = await caller(request, LIVE_GENERATE)
    parameters_of(request)
    body, problems = await sound_part_of(request, SignBody)
    seconds = A_DAY if body.expires_in is None else body.expires_in
    wanted = wanted_url(parameters_in(body, problems), seconds, time.time())
    scope = await page_scope(request, who.project, body.scope or DEFAULT_SCOPE)
    visitor = Visitor(project=who.project, key=who.key, scope=scope)
    request.state["live"].decide(visitor, wanted.query.request)
    path = live_path(who.project.organization, who.project.slug, scope.slug)

    async def work() -> Answer:
        signer = request.state["signer"]
        target = signed_target(signer, path, wanted.parameters, wanted.expires_at)
        ends = iso(wanted.ends)
        return done({"url": origin_of(request) + target, "path": target, "expiresAt": ends})

    return await once(request, who, canonical(body), work)
