"""Derivatives over real tiers and threads, with a book, a journal and a gate a test can look at."""

import hashlib
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from cache.entry import Key
from cache.failures import LocalFailures
from cache.leases import LocalLeases, OptionalLeases
from cache.memory_tier import MemoryTier
from cache.readthrough import ReadThrough
from cache.spool import NullSpool
from cache.tier import Leases
from core.derivatives import Derivatives, Derived
from core.derivatives.facts import KnownMasters
from core.derivatives.keeping import ListedOnly
from core.derivatives.later import Later
from core.derivatives.making import Studio
from core.derivatives.ports import Stored
from core.derivatives.watching import Watch
from core.errors import RecordsUnavailable
from core.imaging.masters import DecodedMasters
from core.imaging.workers import Workers
from core.models import Picture, Project
from core.storage.uses import Uses
from core.variants import Wish
from tests.cache.parts import Shelf, key_of
from tests.core.fakes import PROJECT
from tests.core.test_imaging import painting, saved

BROWSER = frozenset({"image/avif", "image/webp", "image/png", "image/jpeg"})
OLD_BROWSER = frozenset({"image/webp", "image/png", "image/jpeg"})
NOBODY: frozenset[str] = frozenset()
SIZE = (168, 96)


@cache
def file_of(text: str, kind: str, mode: str, size: tuple[int, int]) -> bytes:
    image = painting(mode, size)
    image.putpixel((0, 0), tuple(text.encode()[:3].ljust(4, b"\xff"))[: len(image.getbands())])
    return saved(image, kind)


def a_master(
    text: str = "a lighthouse",
    *,
    kind: str = "PNG",
    mode: str = "RGB",
    size: tuple[int, int] = SIZE,
    **changes: Any,
) -> tuple[Key, Picture]:
    """``text`` names the picture and is in its pixels."""
    key, body = key_of(text), file_of(text, kind, mode, size)
    picture = Picture(
        body=body,
        mime_type=f"image/{kind.lower()}",
        digest=hashlib.sha256(body).hexdigest(),
        created_at=1_700_000_000,
        image_id="image-1",
        generator="painter",
        thumb_hash="dGh1bWI=",
        width=size[0],
        height=size[1],
        slot=key.slot,
        stand_in=True,
        dominant_color="#aabbcc",
    )
    return key, replace(picture, **changes)


class Book:
    """The rows of derivatives, in memory; ``away`` is a database that does not answer."""

    def __init__(self) -> None:
        self.rows: dict[str, Stored] = {}
        self.used: Counter[str] = Counter()
        self.away = False

    async def note(self, row: Stored, *, at_most: int) -> bool:
        self._ensure_there()
        others = [each for each in self.rows.values() if each.master_slot == row.master_slot]
        if len([each for each in others if each.slot != row.slot]) >= at_most:
            return False
        self.rows[row.slot] = row
        return True

    async def of_masters(self, project_id: str, master_slots: Sequence[str]) -> list[Stored]:
        self._ensure_there()
        return [
            row
            for row in self.rows.values()
            if row.project_id == project_id and row.master_slot in master_slots
        ]

    async def least_used(self, before: datetime | None, limit: int) -> list[Stored]:
        self._ensure_there()
        rows = sorted(self.rows.values(), key=lambda row: row.used_at)
        return [row for row in rows if before is None or row.used_at < before][:limit]

    async def remove(self, rows: Collection[Stored]) -> int:
        self._ensure_there()
        return len([self.rows.pop(row.slot) for row in rows if row.slot in self.rows])

    async def note_used(self, project_id: str, slots: Collection[str], when: datetime) -> None:
        self._ensure_there()
        self.used.update(slots)

    async def bytes_of(self, project_id: str) -> int:
        return sum(row.file_size for row in self.rows.values())

    def _ensure_there(self) -> None:
        if self.away:
            raise RecordsUnavailable


class Purges:
    """A journal; ``asked`` is called each time somebody wants to know of purges since."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.away = False
        self.asked: Callable[[], None] = lambda: None

    async def number(self) -> int:
        if self.away:
            raise RecordsUnavailable
        return len(self.log)

    async def purged_since(self, project_id: str, master_slot: str, number: int) -> bool:
        self.asked()
        if self.away:
            raise RecordsUnavailable
        return master_slot in self.log[number:]


class GatedThreads(Executor):
    """Real threads whose work begins when the gate is open."""

    def __init__(self, threads: int) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.submitted = 0
        self._pool = ThreadPoolExecutor(threads)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.submitted += 1

        def when_open() -> Any:
            assert self.gate.wait(20)
            return fn(*args, **kwargs)

        return self._pool.submit(when_open)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.gate.set()
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


class Meter:
    def __init__(self) -> None:
        self.made_of: Counter[str] = Counter()

    def made(self, encoding: str, seconds: float) -> None:
        assert seconds > 0
        self.made_of[encoding] += 1


@dataclass
class House:
    """One process. ``store``, ``book`` and ``purges`` may be shared by several."""

    store: Shelf = field(default_factory=Shelf)
    near: Shelf = field(default_factory=lambda: Shelf("near"))
    book: Book = field(default_factory=Book)
    purges: Purges = field(default_factory=Purges)
    leases: Leases = field(default_factory=LocalLeases)
    meter: Meter = field(default_factory=Meter)
    threads: int = 2
    waiting: int = 100
    per_master: int = 100
    memory_bytes: int = 50_000_000
    now: float = 1000.0

    def open(self) -> None:
        self.executor = GatedThreads(self.threads)
        self.memory = MemoryTier(self.memory_bytes)
        self.later = Later(clock=lambda: self.now)
        self.decoded = DecodedMasters(10_000_000)
        self.uses = Uses(self.book)
        self.watch = Watch(self.purges, clock=lambda: self.now)
        self.cache = ReadThrough(
            memory=self.memory,
            near=self.near,
            store=ListedOnly(self.store),
            leases=OptionalLeases(self.leases),
            failures=LocalFailures(),
            spool=NullSpool(),
            observer=_Silent(),
        )
        self.derivatives = Derivatives(
            cache=self.cache,
            memory=self.memory,
            known=KnownMasters(clock=lambda: self.now),
            studio=Studio(
                workers=Workers(self.executor, threads=self.threads, waiting=self.waiting),
                masters=self.decoded,
                book=self.book,
                watch=self.watch,
                meter=self.meter,
                per_master=self.per_master,
            ),
            later=self.later,
            uses=self.uses,
        )

    async def close(self) -> None:
        self.executor.gate.set()
        await self.later.close()
        await self.cache.drain(5)
        self.executor.shutdown()

    async def of(
        self,
        master: tuple[Key, Picture],
        wish: Wish,
        *,
        accept: frozenset[str] = NOBODY,
        project: Project = PROJECT,
        **more: Any,
    ) -> Derived:
        key, picture = master
        more.setdefault("exact", True)
        return await self.derivatives.of(project, key, picture, wish, accept=accept, **more)

    async def recall(
        self,
        master: tuple[Key, Picture],
        wish: Wish,
        *,
        accept: frozenset[str] = NOBODY,
        project: Project = PROJECT,
        **more: Any,
    ) -> Derived | None:
        more.setdefault("exact", True)
        return await self.derivatives.recall(project, master[0], wish, accept=accept, **more)


class _Silent:
    """Nobody counts."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


@asynccontextmanager
async def opened(house: House) -> AsyncIterator[House]:
    house.open()
    try:
        yield house
    finally:
        await house.close()
