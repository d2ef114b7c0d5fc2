"""Small stand-ins for what surrounds the cache, where a test is about the cache itself."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any

from cache.entry import Entry, Key
from cache.errors import LeaseLost
from cache.failures import LocalFailures
from cache.leases import LocalLeases
from cache.memory_tier import MemoryTier
from cache.null_tier import NullTier
from cache.readthrough import ReadThrough
from cache.spool import NullSpool


def key_of(text: str, *, slot: str | None = None) -> Key:
    identity = hashlib.sha256(text.encode()).hexdigest()
    return Key(slot or identity[:32], identity)


def entry_of(key: Key, body: bytes = b"picture") -> Entry:
    return Entry(key.identity, body, {"type": "image/png"})


async def until(condition: Callable[[], bool]) -> None:
    """Let everybody else run until the condition holds."""
    while not condition():  # noqa: ASYNC110 - conditions of every kind, and no time passes
        await asyncio.sleep(0)


class Shelf:
    """A tier and a store in one, which counts, and which a test can hold up or break."""

    def __init__(self, name: str = "store") -> None:
        self.name = name
        self.held: dict[str, Entry] = {}
        self.calls: Counter[str] = Counter()
        self.gate = asyncio.Event()
        self.gate.set()
        self.errors: dict[str, Exception] = {}

    async def get(self, slot: str) -> Entry | None:
        await self._enter("get")
        return self.held.get(slot)

    async def put(self, slot: str, entry: Entry) -> None:
        await self._enter("put")
        self.held[slot] = entry

    async def put_first(self, slot: str, entry: Entry) -> Entry:
        await self._enter("put_first")
        return self.held.setdefault(slot, entry)

    async def replace(self, slot: str, entry: Entry) -> None:
        await self._enter("replace")
        self.held[slot] = entry

    async def delete(self, slot: str) -> None:
        await self._enter("delete")
        self.held.pop(slot, None)

    async def _enter(self, deed: str) -> None:
        self.calls[deed] += 1
        await self.gate.wait()
        if deed in self.errors:
            raise self.errors[deed]


class Filler:
    """A fill which waits for the test's word, then makes an entry or raises."""

    def __init__(self, key: Key, *, payer: str = "ann", error: BaseException | None = None) -> None:
        self.payer = payer
        self.calls = 0
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.landings: list[tuple[Entry, bool, bool]] = []
        self.entry = entry_of(key, f"picture {id(self)}".encode())
        self.error = error

    async def __call__(self, lease: Any) -> Entry:
        self.calls += 1
        self.began.set()
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        return self.entry

    async def landed(self, entry: Entry, *, first: bool, stored: bool) -> None:
        self.landings.append((entry, first, stored))


class ScriptedLeases:
    """Leases the test hands out: a list of answers for acquire, a gate for wait."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.waits = 0
        self.free = asyncio.Event()
        self.wait_error: Exception | None = None

    async def acquire(self, slot: str) -> Any:
        answer = self.answers.pop(0) if self.answers else ScriptedLease()
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer()
        return answer

    async def wait(self, slot: str) -> bool:
        self.waits += 1
        await self.free.wait()
        if self.wait_error is not None:
            raise self.wait_error
        return True


class ScriptedLease:
    def __init__(self, *, lost: bool = False) -> None:
        self.lost = lost
        self.released = 0

    def ensure_held(self) -> None:
        if self.lost:
            raise LeaseLost("lost")

    async def release(self) -> None:
        self.released += 1


class CountingObserver:
    """Counts by name, e.g. ``hit memory``."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Callable[..., None]:
        def count(*facts: object) -> None:
            words = [fact for fact in facts if isinstance(fact, str)]
            self.seen[" ".join([name, *words])] += 1

        return count


def cache_of(**parts: Any) -> ReadThrough:
    """A cache of one process; any part may be replaced."""
    defaults: dict[str, Any] = {
        "memory": MemoryTier(2**20),
        "near": NullTier(),
        "store": Shelf(),
        "leases": LocalLeases(),
        "failures": LocalFailures(),
        "spool": NullSpool(),
        "observer": CountingObserver(),
    }
    return ReadThrough(**{**defaults, **parts})
