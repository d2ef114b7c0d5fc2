"""Answers a hot URL again without parsing it: a small memo in front of the router."""

import time
from collections import OrderedDict
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from cache.entry import Key
from cache.readthrough import ReadThrough
from edge.responses import PreparedHit

# Every request header that can change what a plain GET of a stored picture answers.
_DECISIVE = frozenset(
    (
        b"if-none-match",
        b"if-modified-since",
        b"if-match",
        b"if-unmodified-since",
        b"if-range",
        b"range",
        b"content-length",
        b"transfer-encoding",
    )
)
_CREDENTIALS = frozenset((b"x-api-key", b"authorization"))
_SECONDS = 1.0

MemoName = tuple[bytes, bytes, tuple[tuple[bytes, bytes], ...]]


@dataclass(frozen=True, slots=True)
class Hit:
    """What a handler leaves in ``scope[HIT]`` when its answer may be repeated as it is."""

    key: Key
    prepared: PreparedHit


HIT = "edge.hit"


@dataclass(frozen=True, slots=True)
class _Memo:
    hit: Hit
    until: float


class HotMemo:
    """Prepared answers by raw target and credentials, each for one second at most."""

    def __init__(self, cache: ReadThrough, *, bound: int = 4096) -> None:
        self._cache = cache
        self._bound = bound
        self._memos: OrderedDict[MemoName, _Memo] = OrderedDict()

    def recall(self, name: MemoName) -> Hit | None:
        """The answer, while the very same bytes still stand in memory."""
        memo = self._memos.get(name)
        if memo is None:
            return None
        entry = self._cache.recall(memo.hit.key)
        same = entry is not None and entry.body is memo.hit.prepared.body
        if not same or time.monotonic() >= memo.until:
            del self._memos[name]
            return None
        return memo.hit

    def remember(self, name: MemoName, hit: Hit) -> None:
        end = hit.prepared.reusable_until
        seconds = _SECONDS if end is None else min(_SECONDS, end - time.time())
        self._memos[name] = _Memo(hit, time.monotonic() + seconds)
        self._memos.move_to_end(name)
        if len(self._memos) > self._bound:
            self._memos.popitem(last=False)


class HotMiddleware:
    """Repeats prepared answers; everything it does not know goes on to the router."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = _name_of(scope)
        if name is None:
            await self._app(scope, receive, send)
            return
        memo: HotMemo = scope["state"]["hot"]
        hit = memo.recall(name)
        if hit is None:
            await self._app(scope, receive, send)
            if HIT in scope:
                memo.remember(name, scope[HIT])
            return
        prepared = hit.prepared
        await send(
            {"type": "http.response.start", "status": 200, "headers": prepared.raw_headers}
        )
        await send({"type": "http.response.body", "body": prepared.body})


def _name_of(scope: Scope) -> MemoName | None:
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    credentials = []
    for header in scope["headers"]:
        if header[0] in _DECISIVE:
            return None
        if header[0] in _CREDENTIALS:
            credentials.append(header)
    return (scope["raw_path"], scope["query_string"], tuple(credentials))
