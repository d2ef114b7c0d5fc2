"""The outermost layer: a request's id, its one log line, and an answer whatever happens."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger
from uuid_utils import uuid7

from edge.answers.errors import REQUEST_ID, ErrorAnswers
from edge.answers.freshness import NO_STORE
from edge.answers.problem import Stopping, problem_of
from edge.server.client_address import TrustedProxies
from edge.server.whole_answer import WHOLE
from edge.telemetry.redaction import scrub

CLIENT_ADDRESS = "client_address"
PEER_TRUSTED = "peer_trusted"
# Left in scope["state"] by whoever checked the credentials: the key's id, never the key.
KEY_ID = "key_id"

# Writes the fields of a log line.
Record = Callable[[dict[str, Any]], None]
# Method, route, status, seconds, X-Cache-Status or "".
Observe = Callable[[str, str, int, float, str], None]

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_SECRET = re.compile(r"bnt_[0-9A-Za-z_]+")
_LONGEST_PATH = 200
# What nginx calls a caller who left before the answer.
_LEFT = 499
_UNMATCHED = "unmatched"


class RequestMiddleware:
    """Wraps the whole application; knows nothing of what it does.

    ``record`` and ``observe`` are told of every answer, ``log`` of failures. Nothing of the query,
    the body or the credentials is logged.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        answers: ErrorAnswers,
        log: FilteringBoundLogger,
        record: Record,
        proxies: TrustedProxies,
        observe: Observe,
    ) -> None:
        self._app = app
        self._answers = answers
        self._log = log
        self._record = record
        self._proxies = proxies
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = self._introduce(scope)
        exchange = _Exchange(send, request_id)
        try:
            await self._app(scope, receive, exchange.send)
        except ClientDisconnect:
            pass
        # Cancellation too: a server that stops must not leave the caller with a bare 500.
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the last line of defence
            await self._answer(scope, receive, exchange, error)
        finally:
            self._conclude(scope, exchange, time.perf_counter() - started)

    def _introduce(self, scope: Scope) -> str:
        """Note who asks and under which id; the id of a trusted proxy is taken over."""
        client = scope.get("client")
        peer = client[0] if client else None
        trusted = self._proxies.trusts(peer)
        request_id, forwarded = "", []
        if trusted:
            for name, value in scope["headers"]:
                if name == b"x-forwarded-for":
                    forwarded.append(value.decode("latin-1"))
                elif name == b"x-request-id" and _SANE_ID.fullmatch(value):
                    request_id = value.decode("ascii")
        state = scope.setdefault("state", {})
        state[REQUEST_ID] = request_id = request_id or str(uuid7())
        state[PEER_TRUSTED] = trusted
        state[CLIENT_ADDRESS] = self._proxies.client(peer, forwarded)
        return request_id

    async def _answer(
        self, scope: Scope, receive: Receive, exchange: "_Exchange", error: BaseException
    ) -> None:
        cancelled = isinstance(error, asyncio.CancelledError)
        shown = Stopping(retry_after=1) if cancelled else error
        if not cancelled and _is_unforeseen(error):
            self._log.error("request failed", request_id=exchange.request_id, exc_info=error)
        if exchange.status:
            # Half an answer can only be cut off, so that nobody takes it for a whole one.
            raise error
        answer = await self._answers.answer(scope, shown)
        await answer(scope, receive, exchange.send)

    def _conclude(self, scope: Scope, exchange: "_Exchange", seconds: float) -> None:
        route, status = _route(scope), exchange.status or _LEFT
        self._record(
            {
                "method": scope["method"],
                "route": route if route != _UNMATCHED else _shown(scope["path"]),
                "status": status,
                "bytes": exchange.sent,
                "ms": round(seconds * 1000, 2),
                "cache": exchange.cache,
                "key": scope["state"].get(KEY_ID),
                "code": exchange.code,
                "request_id": exchange.request_id,
            }
        )
        self._observe(scope["method"], route, status, seconds, exchange.cache)


class _Exchange:
    """What went out so far; answers nobody decided about become uncacheable on their way."""

    __slots__ = ("_send", "cache", "code", "request_id", "sent", "status")

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status = 0
        self.sent = 0
        self.cache = ""
        self.code = ""

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == WHOLE:
            self.status, self.cache = message["status"], message["cache"]
            self.sent = len(message["body"])
        elif kind == "http.response.start":
            self._start(message)
        elif kind == "http.response.body":
            self.sent += len(message.get("body", b""))
        await self._send(message)

    def _start(self, message: Message) -> None:
        self.status = message["status"]
        decided, unshared, named = False, False, False
        for name, value in message.get("headers", ()):
            if name == b"cache-control":
                decided, unshared = True, b"no-store" in value
            elif name == b"x-cache-status":
                self.cache = value.decode("latin-1")
            elif name == b"x-error-code":
                self.code = value.decode("latin-1")
            elif name == b"x-request-id":
                named = True
        added = () if decided else NO_STORE
        # An id on a stored answer would be replayed to strangers.
        if not named and (unshared or not decided):
            added = (*added, (b"x-request-id", self.request_id.encode("ascii")))
        if added:
            message["headers"] = [*message.get("headers", ()), *added]


def _is_unforeseen(error: BaseException) -> bool:
    return problem_of(error).status == 500


def _route(scope: Scope) -> str:
    """The route's template: few values, no input of the caller."""
    route = scope.get("route")
    # Of a mounted router that found nothing only the mount is known.
    if not isinstance(route, Route):
        return _UNMATCHED
    mounted = scope.get("root_path", "").removeprefix(scope.get("app_root_path", ""))
    return f"{mounted}{route.path}"


def _shown(path: str) -> str:
    return scrub(_SECRET.sub("bnt_…", path[:_LONGEST_PATH]))[:_LONGEST_PATH]
