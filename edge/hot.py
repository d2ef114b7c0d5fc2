"""Answers a hot URL again without parsing it: a small memo in front of the router."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cache.entry import Key
from core.spending.tally import HitCounter
from edge.answers.responses import PreparedHit
from edge.server.middleware import KEY_ID
from edge.server.whole_answer import WHOLE, whole_message

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


class Memory(Protocol):
    """What this process keeps of pictures: asked at every repetition, without a network."""

    def remembers(self, key: Key, body: bytes) -> bool:
        """Whether these very bytes stand in memory; nobody is counted as served."""

    def repeats(self, key: Key, body: bytes) -> bool:
        """The same, and when they do, one more is counted as served from there."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a handler leaves in ``scope[HIT]`` when its answer may be repeated as it is.

    ``key`` is the place of the bytes among the masters, or among what was ``derived`` from them;
    ``counter`` counts every repetition.
    """

    key: Key
    prepared: PreparedHit
    derived: bool = False
    counter: HitCounter = field(default_factory=HitCounter)


HIT = "edge.hit"


@dataclass(frozen=True, slots=True)
class _Memo:
    """``route``, ``root_path`` and ``key_id`` are what a log line says of it."""

    hit: Hit
    whole: Message
    until: float
    route: Any
    root_path: str
    key_id: str | None

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer, and leave in the scope what the router and the handler would have left there."""
        scope["route"], scope["root_path"] = self.route, self.root_path
        scope["state"][KEY_ID] = self.key_id
        self.hit.counter.hits += 1
        if WHOLE in scope.get("extensions", ()):
            await send(self.whole)
            return
        headers, body = self.hit.prepared.raw_headers, self.hit.prepared.body
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class HotMemo:
    """Prepared answers by raw target and credentials, each for one second at most."""

    def __init__(self, masters: Memory, derivatives: Memory, *, bound: int = 4096) -> None:
        self._masters = masters
        self._derivatives = derivatives
        self._bound = bound
        self._memos: OrderedDict[MemoName, _Memo] = OrderedDict()

    @property
    def size(self) -> int:
        return len(self._memos)

    def recall(self, name: MemoName) -> ASGIApp | None:
        """The answer, while the very same bytes still stand in memory."""
        memo = self._memos.get(name)
        if memo is None:
            return None
        hit = memo.hit
        if time.monotonic() < memo.until and self._of(hit).repeats(hit.key, hit.prepared.body):
            return memo
        del self._memos[name]
        return None

    def remember(self, name: MemoName, hit: Hit, scope: Scope) -> None:
        """Keep the answer, unless memory did not keep its bytes: nothing here may outgrow it."""
        prepared, now = hit.prepared, time.monotonic()
        if not self._of(hit).remembers(hit.key, prepared.body):
            return
        self._forget_ended(now)
        end = prepared.reusable_until
        seconds = _SECONDS if end is None else min(_SECONDS, end - time.time())
        self._memos[name] = _Memo(
            hit,
            whole_message(prepared.raw_headers, prepared.body, cache="HIT"),
            now + seconds,
            route=scope["route"],
            root_path=scope["root_path"],
            key_id=scope["state"].get(KEY_ID),
        )
        self._memos.move_to_end(name)
        if len(self._memos) > self._bound:
            self._memos.popitem(last=False)

    def clear(self) -> None:
        """Who may see what has changed: every request is looked at anew."""
        self._memos.clear()

    def _of(self, hit: Hit) -> Memory:
        return self._derivatives if hit.derived else self._masters

    def _forget_ended(self, now: float) -> None:
        """The oldest come first; each holds on to a picture that memory may have let go."""
        while self._memos:
            name = next(iter(self._memos))
            if self._memos[name].until > now:
                return
            del self._memos[name]


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
        answer = memo.recall(name)
        if answer is not None:
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)
        if HIT in scope:
            memo.remember(name, scope[HIT], scope)


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
