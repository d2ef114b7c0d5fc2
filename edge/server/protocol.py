"""Stands between the socket and the HTTP parser: only sound request heads get through.

The parser of the server below accepts megabytes of headers and answers what it dislikes in plain
text that caches may keep. Here every refusal is a complete answer in our own form. It is JSON for
image clients too: a page's own <img> cannot send what is refused here.
"""

import asyncio
from typing import Any

import httptools
from uuid_utils import uuid7
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from edge.answers.answer import Answer, with_body
from edge.answers.freshness import NO_STORE, RawHeaders
from edge.answers.headers import NOSNIFF
from edge.answers.problem import Problem, envelope
from edge.server.lingering import LingeringTransport
from edge.server.request_head import END, MALFORMED, Framing, HeadRefused, checked, ensure_promising
from edge.server.whole_answer import DateLine, WholeAnswers

# Seconds for a head to arrive, and for a refused caller to stop sending and read why.
HEAD_PATIENCE = 15.0
LINGER = 2.0
# An unread body of this size is drained to keep the connection; a larger one ends it.
_DRAINED = 65_536
# So much may be sent ahead of an answer. Reading never stops, or nobody would see a caller leave.
_MOST_AHEAD = 262_144


class GuardedProtocol(HttpToolsProtocol):
    """For uvicorn's ``http`` setting.

    One head at a time goes to the parser, after the previous request was answered; what follows
    waits in a small buffer, so that a refusal never overtakes an answer.
    """

    head_patience = HEAD_PATIENCE

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # With the leniency, bytes after a last request would be parsed as one more, unguarded.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=False)
        self._buffer = b""
        self._body_left = 0
        self._chunked = False
        self._discarding = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._lingering = LingeringTransport(self)
        self._date = DateLine()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_awaiting_head()
        self._discarding = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._discarding:
            return
        if self._body_left or self._chunked:
            data = self._take_body(data)
            if not data:
                return
        self._unset_keepalive_if_required()
        self._buffer = self._buffer + data if self._buffer else data
        if self.cycle is None or self.cycle.response_complete:
            self._advance()
        elif len(self._buffer) > _MOST_AHEAD:
            self._ignore_rest()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._body_left > _DRAINED:
            self.linger()
        if self._discarding:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                LINGER, self.timeout_keep_alive_handler
            )
        elif self._buffer:
            self._unset_keepalive_if_required()
            self._advance()

    def linger(self) -> None:
        """Say that this was all; what still comes is thrown away until the caller hangs up."""
        self._discard()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _should_upgrade_to_ws(self) -> bool:
        return False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        super()._start_asgi_task(cycle, WholeAnswers(app, cycle, self._date))  # type: ignore[arg-type]  # uvicorn's own ASGI types

    def _advance(self) -> None:
        """Start the next request, if its head is complete."""
        buffer = self._buffer
        if buffer.startswith((b"\r", b"\n")):
            # An empty line before the request is forgiven (RFC 9112, 2.2).
            buffer = self._buffer = buffer.lstrip(b"\r\n")
        end = buffer.find(END)
        try:
            if end < 0:
                if buffer:
                    ensure_promising(buffer)
                self._await_head()
                return
            stop = end + len(END)
            head = checked(buffer if stop == len(buffer) else buffer[:stop])
        except HeadRefused as refusal:
            self._refuse(refusal.problem)
            return
        self._stop_awaiting_head()
        self._buffer = buffer[stop:]
        self._begin(head.raw, head.framing)

    def _begin(self, raw: bytes, framing: Framing) -> None:
        if framing is Framing.CHUNKED:
            # The end of the chunks is only known to the parser, so it must be its last request.
            raw = raw[:-2] + b"connection: close\r\n\r\n"
        before = self.cycle
        if not self._feed(raw):
            return
        if self.cycle is before:
            self._refuse(MALFORMED)
        elif framing is not Framing.NONE:
            self._expect_body(framing)

    def _expect_body(self, framing: Framing) -> None:
        length = 0
        if framing is Framing.LENGTH:
            length = next(int(value) for name, value in self.headers if name == b"content-length")
            if not length:
                return
        if self.scope["method"] in {"GET", "HEAD"}:
            # A body has no meaning there: the answer is the same, and nobody reads it.
            self.cycle.more_body = False
            self.cycle.waiting_for_100_continue = False
            self.cycle.message_event.set()
            self._ignore_rest()
            return
        # Answered before the body was read, the last bytes of it must not reset the answer.
        self.cycle.transport = self._lingering
        self._body_left, self._chunked = length, framing is Framing.CHUNKED
        if self._buffer:
            self._buffer = self._take_body(self._buffer)

    def _take_body(self, data: bytes) -> bytes:
        """Give the parser what belongs to the body; return what follows it."""
        if self._chunked:
            self._feed(data)
            return b""
        part, rest = data[: self._body_left], data[self._body_left :]
        self._body_left -= len(part)
        self._feed(part)
        return rest

    def _feed(self, data: bytes) -> bool:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing is ever upgraded; what follows may be in another protocol.
            self._ignore_rest()
        except httptools.HttpParserError:
            if self._chunked and (self.cycle.response_complete or not self.cycle.more_body):
                self._ignore_rest()
            else:
                self._refuse(MALFORMED)
            return False
        return True

    def _ignore_rest(self) -> None:
        """The request under way is this connection's last."""
        self._discard()
        self.cycle.keep_alive = False
        self.cycle.transport = self._lingering

    def _discard(self) -> None:
        self._discarding = True
        self._buffer = b""

    def _refuse(self, problem: Problem) -> None:
        """Answer in the parser's place. Also when a body goes wrong under a running request."""
        self._stop_awaiting_head()
        method = "HEAD" if self._buffer.startswith(b"HEAD ") else "GET"
        self._discard()
        under_way = self.cycle
        if under_way is not None and not under_way.response_complete:
            under_way.disconnected = True
            under_way.message_event.set()
            if under_way.response_started:
                self.transport.close()
                return
        request_id = str(uuid7())
        self.logger.info("Refused before the application: %s %s", problem.code, request_id)
        self.cycle = self._refusal_cycle(method)
        self._start_asgi_task(self.cycle, _answer(problem, request_id))  # type: ignore[arg-type]  # uvicorn's own ASGI types

    def _refusal_cycle(self, method: str) -> RequestResponseCycle:
        scope: Any = {"type": "http", "method": method, "http_version": "1.1", "headers": []}
        return RequestResponseCycle(
            scope=scope,
            transport=self._lingering,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_patience, self._head_too_slow)

    def _stop_awaiting_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_too_slow(self) -> None:
        self.transport.close()


def _answer(problem: Problem, request_id: str) -> Answer:
    headers: RawHeaders = [
        *NO_STORE,
        NOSNIFF,
        (b"x-error-code", problem.code.encode("ascii")),
        (b"x-request-id", request_id.encode("ascii")),
    ]
    return with_body(problem.status, headers, b"application/json", envelope(problem, request_id))
