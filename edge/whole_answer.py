"""Lets a prepared answer reach the socket in one message, its head rendered once for many."""

from collections.abc import Awaitable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from edge.freshness import RawHeaders

# The name of the ASGI extension and of its one message, which takes the place of both usual ones.
WHOLE = "edge.response.whole"

_OK = b"HTTP/1.1 200 OK\r\n"
_CLOSE = b"connection: close\r\n"


def whole_message(headers: RawHeaders, body: bytes, *, cache: str) -> Message:
    """A 200 that may be sent any number of times; ``cache`` is its X-Cache-Status.

    ``headers`` have an exact Content-Length, and went through the server's own checks before.
    """
    head = b"".join([b"%s: %s\r\n" % header for header in headers])
    return {"type": WHOLE, "status": 200, "head": head, "body": body, "cache": cache}


class WholeAnswers:
    """An application for one exchange on one connection, which is offered the extension."""

    __slots__ = ("_app", "_cycle", "_send")

    def __init__(self, app: Any, cycle: RequestResponseCycle) -> None:
        self._app: ASGIApp = app
        self._cycle = cycle

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        self._send = send
        scope["extensions"] = {WHOLE: {}}
        return self._app(scope, receive, self._forward)

    async def _forward(self, message: Message) -> None:
        if message["type"] != WHOLE:
            await self._send(message)
            return
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        own = [b"%s: %s\r\n" % header for header in cycle.default_headers]
        if not cycle.keep_alive:
            own.append(_CLOSE)
        cycle.response_started = cycle.response_complete = True
        cycle.transport.write(b"".join([_OK, *own, message["head"], b"\r\n"]))
        cycle.transport.write(message["body"])
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
