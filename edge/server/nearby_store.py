"""Tells a store right in front, as nginx has one, to ask again sooner than browsers have to."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.answers.freshness import PROVISIONAL, RawHeaders
from edge.server.whole_answer import WHOLE

# What the store sends along, and how it learns what to pass on in place of its own line.
_ANNOUNCED = b"x-edge-store"
_PASSED_ON = b"x-edge-cache-control"
_CACHE_CONTROL = b"cache-control"

_MAX_AGE = re.compile(rb"public, max-age=(\d+)")
_STALE_IF_ERROR = re.compile(rb"stale-if-error=(\d+)")


class NearbyStore:
    """Gives the store a Cache-Control of its own; ``X-Edge-Cache-Control`` is everybody else's.

    nginx can be told neither by tags nor by CDN-Cache-Control. What it keeps is asked for again
    after a minute, and nothing is shown meanwhile in place of the answer: so a purge reaches it
    by itself. While the server is away it may show what it has for as long as before.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _announced(scope["headers"]):
            await self._app(scope, receive, send)
            return
        # A prepared answer has its lines already; in two messages they can still be changed.
        scope.get("extensions", {}).pop(WHOLE, None)

        async def forward(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": store_lines(message.get("headers", ()))}
            await send(message)

        await self._app(scope, receive, forward)


def store_lines(headers: RawHeaders) -> RawHeaders:
    """The same lines, with a Cache-Control for the store where it may keep the answer longer."""
    lines: RawHeaders = []
    for name, value in headers:
        told = _told(value) if name == _CACHE_CONTROL else None
        lines.append((name, told or value))
        if told is not None:
            lines.append((_PASSED_ON, value))
    return lines


def _told(passed_on: bytes) -> bytes | None:
    """None: the line is the store's as well. Both windows end when they ended before."""
    age = _MAX_AGE.match(passed_on)
    if age is None or int(age[1]) <= PROVISIONAL:
        return None
    window = _STALE_IF_ERROR.search(passed_on)
    away = int(age[1]) - PROVISIONAL + (int(window[1]) if window else 0)
    return b"public, max-age=%d, stale-if-error=%d" % (PROVISIONAL, away)


def _announced(headers: RawHeaders) -> bool:
    for header in headers:  # noqa: SIM110 - once per request, and a generator costs twice as much
        if header[0] == _ANNOUNCED:
            return True
    return False
