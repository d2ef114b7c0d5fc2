"""POST /api/v1/live/sign: a URL that may have its picture made by whoever holds it."""

import re
import time
from typing import Annotated

from pydantic import Field
from starlette.requests import Request

from core.errors import FieldError
from core.models import LIVE_GENERATE
from core.signing import LONGEST_LIFE
from core.spending.visitor import Visitor
from edge.answers.answer import Answer
from edge.api.access import caller, page_scope
from edge.api.bodies import sound_part_of
from edge.api.envelope import done
from edge.api.live_bodies import LiveBody, Number, number_schema, parameters_in
from edge.api.shapes import iso
from edge.api.sites import origin_of
from edge.api.windows import parameters_of
from edge.live_urls import live_path, signed_target, wanted_url
from edge.state import State

DEFAULT_SCOPE = "page"
A_DAY = "86400"

_UP_TO_TEN_DIGITS = re.compile("[0-9]{1,10}")


class SignBody(LiveBody):
    """The picture, the page it is for, and how long the URL shall work."""

    scope: Annotated[str | None, Field(description="The page's scope.")] = DEFAULT_SCOPE
    expires_in: Annotated[
        Number,
        number_schema(1, LONGEST_LIFE),
        Field(description="Seconds; from six hours on the end is a full hour."),
    ] = A_DAY


async def sign(request: Request[State]) -> Answer:
    """POST /live/sign. What the signer may not have made, it cannot sign for."""
    who = await caller(request, LIVE_GENERATE)
    parameters_of(request)
    body, problems = await sound_part_of(request, SignBody)
    seconds = _seconds(body.expires_in or A_DAY, problems)
    wanted = wanted_url(parameters_in(body, problems), seconds, time.time())
    scope = await page_scope(request, who.project, body.scope or DEFAULT_SCOPE)
    visitor = Visitor(project=who.project, key=who.key, scope=scope)
    request.state["live"].decide(visitor, wanted.query.request)
    path = live_path(who.project.organization, who.project.slug, scope.slug)
    signer = request.state["signer"]
    target = signed_target(signer, path, wanted.parameters, wanted.expires_at)
    ends = iso(wanted.ends)
    return done({"url": origin_of(request) + target, "path": target, "expiresAt": ends})


def _seconds(text: str, problems: list[FieldError]) -> int | None:
    if _UP_TO_TEN_DIGITS.fullmatch(text):
        return int(text)
    message = f"Use 1 to {LONGEST_LIFE} seconds (one year)."
    problems.append(FieldError("expiresIn", "EXPIRES_IN_INVALID", message))
    return None
