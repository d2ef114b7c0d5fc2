"""The one place where an error becomes a response: JSON, a problem document, or a picture."""

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ExceptionHandler, Scope
from structlog.typing import FilteringBoundLogger

from core.errors import EdgeError
from edge.answers.acceptance import is_image_client, wants_problem
from edge.answers.answer import Answer, with_body
from edge.answers.freshness import NO_STORE, RawHeaders
from edge.answers.headers import NOSNIFF, SANDBOX, reading_rules
from edge.answers.problem import Problem, envelope, problem_document, problem_of
from edge.live_query import asked_ratio

Card = Callable[[str, str], bytes]

# Left in scope["state"] by whoever knows: what the answer to an error should look like.
RATIO = "ratio"
CORS_PUBLIC = "cors_public"
REQUEST_ID = "request_id"
# Further header lines, whatever the answer.
NOTED_HEADERS = "noted_headers"

_LIVE = "/api/v1/live"
_PAGES = "/cdn/"
_READING = (b"allow", b"GET, HEAD, OPTIONS")
_CHALLENGE = (b"www-authenticate", b'ApiKey realm="edge"')
_SPREAD = 0.2
_MOST_CARDS = 512


class ErrorAnswers:
    """Answers errors. ``card(ratio, code)`` draws a PNG; it is drawn once, in a worker thread.

    ``spread()`` returns a number from 0 to 1: it keeps those who were refused together from
    coming back together.
    """

    def __init__(
        self,
        card: Card,
        log: FilteringBoundLogger,
        *,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._card = card
        self._log = log
        self._spread = spread
        self._cards: dict[tuple[str, str], bytes] = {}

    async def answer(self, scope: Scope, error: BaseException) -> Answer:
        """The whole answer to the request in ``scope``, never to be kept by anybody."""
        problem = problem_of(error)
        request_headers = Headers(scope=scope)
        kind, body = b"", b""
        if is_image_client(request_headers):
            kind, body = b"image/png", await self._drawn(scope, problem.code)
        if not body:
            kind, body = _text(request_headers, problem, _request_id(scope))
        shown = with_body(problem.status, self._headers(scope, problem), kind, body)
        return Answer(shown.status, shown.raw_headers) if scope["method"] == "HEAD" else shown

    def handlers(self) -> Mapping[Any, ExceptionHandler]:
        """For Starlette's ``exception_handlers``; unforeseen ones are left to the middleware."""

        async def handle(request: Request, error: Exception) -> Any:
            return await self.answer(request.scope, error)

        return {HTTPException: handle, EdgeError: handle}

    async def _drawn(self, scope: Scope, code: str) -> bytes:
        """The card, or nothing when it cannot be drawn: text is better than no answer."""
        wanted = (wanted_ratio(scope), code)
        if wanted in self._cards:
            return self._cards[wanted]
        try:
            card = await anyio.to_thread.run_sync(self._card, *wanted)
        except Exception:  # noqa: BLE001 - whatever broke the card must not hide the error itself
            self._log.exception("error card failed", code=code)
            return b""
        if len(self._cards) < _MOST_CARDS:
            self._cards[wanted] = card
        return card

    def _headers(self, scope: Scope, problem: Problem) -> RawHeaders:
        live = _is_live(scope["path"])
        public = _state(scope).get(CORS_PUBLIC, live)
        headers = [*NO_STORE, (b"x-error-code", problem.code.encode("ascii"))]
        headers += [NOSNIFF, SANDBOX, *reading_rules(public=public)]
        headers += _state(scope).get(NOTED_HEADERS, ())
        if request_id := _request_id(scope):
            headers.append((b"x-request-id", request_id.encode("ascii")))
        if problem.retry_after is not None:
            headers.append((b"retry-after", b"%d" % self._pause(problem)))
        if problem.status == 401:
            headers.append(_CHALLENGE)
        if problem.detail is not None:
            headers.append((b"cache-status", _cache_status(problem)))
        if problem.status == 405 and live:
            return [*headers, _READING]
        return [*headers, *problem.headers]

    def _pause(self, problem: Problem) -> int:
        seconds = max(1, math.ceil(problem.retry_after or 0))
        extra = int(seconds * _SPREAD * self._spread()) if problem.status == 503 else 0
        return seconds + extra


def wanted_ratio(scope: Scope) -> str:
    """What the handler understood, else what the query says if that is a ratio, else 1:1."""
    understood = _state(scope).get(RATIO)
    return asked_ratio(scope.get("query_string", b"")) if understood is None else str(understood)


def _text(headers: Headers, problem: Problem, request_id: str) -> tuple[bytes, bytes]:
    if wants_problem(headers):
        return b"application/problem+json", problem_document(problem, request_id)
    return b"application/json", envelope(problem, request_id)


def _cache_status(problem: Problem) -> bytes:
    # Only a provider that answered badly was an origin we forwarded to (RFC 9211, 2.3).
    forwarded = "; fwd-status=502" if problem.status == 502 else ""
    status = f'edge; fwd=uri-miss{forwarded}; stored=?0; detail="{problem.detail}"'
    return status.encode("ascii")


def _is_live(path: str) -> bool:
    return path == _LIVE or path.startswith(_PAGES)


def _state(scope: Scope) -> Mapping[str, Any]:
    state: Mapping[str, Any] = scope.get("state", {})
    return state


def _request_id(scope: Scope) -> str:
    return str(_state(scope).get(REQUEST_ID, ""))
