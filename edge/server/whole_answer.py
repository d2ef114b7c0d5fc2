"""What every exchange gets from our server: its own Date, and prepared answers in one message."""

import time
from collections.abc import Awaitable
from email.utils import formatdate
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from edge.answers.freshness import RawHeaders

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


class DateLine:
    """The Date of an answer that is sent now (RFC 9110, 6.6.1)."""

    __slots__ = ("_line", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._line = (b"date", b"")

    def now(self) -> tuple[bytes, bytes]:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._line = (b"date", formatdate(second, usegmt=True).encode("ascii"))
        return self._line


class WholeAnswers:
    """An application for one exchange on one connection, which is offered the extension.

    The server would send the Date it had when the request came. A picture may take a minute to
    make: every cache would then count it as a minute old, and its Last-Modified as in the future.
    """

    __slots__ = ("_app", "_cycle", "_date", "_send")

    def __init__(self, app: Any, cycle: RequestResponseCycle, date: DateLine) -> None:
        self._app: ASGIApp = app
        self._cycle = cycle
        self._date = date

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        self._send = send
        scope["extensions"] = {WHOLE: {}}
        return self._app(scope, receive, self._forward)

    async def _forward(self, message: Message) -> None:
        cycle = self._cycle
        if message["type"] != WHOLE:
            if message["type"] == "http.response.start":
                cycle.default_headers = self._dated()
            await self._send(message)
            return
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        own = [b"%s: %s\r\n" % header for header in self._dated()]
        if not cycle.keep_alive:
            own.append(_CLOSE)
        cycle.response_started = cycle.response_complete = True
        cycle.transport.write(b"".join([_OK, *own, message["head"], b"\r\n"]))
        cycle.transport.write(message["body"])
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def _dated(self) -> RawHeaders:
        others = [header for header in self._cycle.default_headers if header[0] != b"date"]
        return [self._date.now(), *others]
