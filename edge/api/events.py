"""GET /api/v1/generations/{id}/events: each state of a generation as it comes."""

from collections.abc import AsyncIterator

import orjson
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp

from core.generations.progress import UNDER_WAY
from core.models import Generation
from edge.answers.answer import Answer
from edge.answers.freshness import NO_STORE, RawHeaders
from edge.answers.headers import NOSNIFF, SANDBOX, reading_rules
from edge.api.access import Caller, caller
from edge.api.generations import SCOPE, generation_id, generation_shown
from edge.api.windows import parameters_of
from edge.state import State

_STREAM: RawHeaders = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    *NO_STORE,
    # nginx would collect a stream before it passes it on.
    (b"x-accel-buffering", b"no"),
    NOSNIFF,
    SANDBOX,
]
_BEAT = b": still at it\n\n"
_RECONNECT = b"retry: 2000\n\n"


async def events(request: Request[State]) -> ASGIApp:
    """Server-sent events (WHATWG HTML, 9.2): ``status`` with the generation, until it has ended.

    A browser that comes back after the last one gets 204, which stops it from coming again.
    """
    who = await caller(request, SCOPE)
    parameters_of(request)
    row = await request.state["generations"].find(who.project.id, generation_id(request))
    headers = [*_STREAM, *reading_rules(public=False)]
    if row.status not in UNDER_WAY and request.headers.get("last-event-id") == _event_id(row):
        return Answer(204, headers[1:])
    if request.method == "HEAD":
        return Answer(200, headers)
    answer = StreamingResponse(_stream(request, who, row.id))
    answer.raw_headers = headers
    return answer


async def _stream(request: Request[State], who: Caller, wanted: str) -> AsyncIterator[bytes]:
    yield _RECONNECT
    async for row in request.state["progress"].follow(who.project.id, wanted):
        yield _BEAT if row is None else await _event(request, who, row)


async def _event(request: Request[State], who: Caller, row: Generation) -> bytes:
    shown = orjson.dumps(await generation_shown(request, who, row))
    return b"event: status\nid: %b\ndata: %b\n\n" % (_event_id(row).encode("ascii"), shown)


def _event_id(row: Generation) -> str:
    return f"{row.attempt}-{row.status}"
