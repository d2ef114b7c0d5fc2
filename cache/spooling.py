"""Brings what waits in the spool into the store, for as long as that takes."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from cache.background import end
from cache.entry import Entry, Key
from cache.errors import EntryCorrupt, TierUnavailable
from cache.observer import Observer
from cache.slots import write_first
from cache.spool import DirectorySpool, Wanted, any_entry
from cache.tier import Store, Tier

# Told what stands in the store once it has taken an entry out of the spool. Must not raise.
Arrival = Callable[[Key, Entry], Awaitable[None]]


async def nobody(key: Key, entry: Entry) -> None:
    """Where nobody has to be told."""


@asynccontextmanager
async def directory_spool(
    folder: Path,
    store: Store,
    near: Tier,
    observer: Observer,
    *,
    bound: int = 2**30,
    first_pause: float = 1.0,
    longest_pause: float = 60.0,
    on_stored: Arrival = nobody,
    wanted: Wanted = any_entry,
) -> AsyncIterator[DirectorySpool]:
    """A spool that keeps offering its entries to the store.

    While the store refuses, the pause between two rounds doubles from ``first_pause`` to at most
    ``longest_pause`` seconds. ``on_stored`` is told what stands in the store once it has taken an
    entry. ``wanted`` is asked of what an earlier run left. Raises OSError.
    """
    spool = DirectorySpool(folder, bound=bound, wanted=wanted)
    await spool.load()
    emptying = _Emptying(
        spool,
        store,
        near,
        observer,
        first_pause=first_pause,
        longest_pause=longest_pause,
        on_stored=on_stored,
    )
    task = asyncio.create_task(emptying.run())
    try:
        yield spool
    finally:
        await end(task)


class _Emptying:
    """Offers what waits to the store, round after round, while there is any."""

    def __init__(
        self,
        spool: DirectorySpool,
        store: Store,
        near: Tier,
        observer: Observer,
        *,
        first_pause: float,
        longest_pause: float,
        on_stored: Arrival,
    ) -> None:
        self._spool = spool
        self._store = store
        self._near = near
        self._observer = observer
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._on_stored = on_stored
        self._log = logging.getLogger(__name__)

    async def run(self) -> None:
        pause = self._first_pause
        while True:
            await self._spool.filled.wait()
            self._spool.filled.clear()
            taken = [await self._offer(key) for key in self._spool.waiting()]
            pause = self._first_pause if any(taken) else min(self._longest_pause, pause * 2)
            if len(self._spool):
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
                self._spool.filled.set()

    async def _offer(self, key: Key) -> bool:
        entry = await self._spool.get(key)
        if entry is None:
            return False
        try:
            slot, standing = await write_first(self._store, key, entry, self._observer)
        except (TierUnavailable, EntryCorrupt) as error:
            self._log.warning("the store still refuses an entry: %s", error)
            return False
        if not await self._spool.keeps(key, entry):
            # Purged while it was on its way; what somebody else put there instead is theirs.
            if standing == entry:
                await self._take_back(slot)
            return not self._spool.holds(key)
        self._spool.note_brought(key)
        # Somebody else's may stand now; the near tier must not go on with ours.
        with suppress(TierUnavailable):
            await self._near.put(slot, standing)
        if not self._spool.holds(key):
            # Purged meanwhile, also from the store: whoever did it knows that it was brought.
            with suppress(TierUnavailable):
                await self._near.delete(slot)
            return True
        await self._spool.drop(key)
        await self._on_stored(key, standing)
        return True

    async def _take_back(self, slot: str) -> None:
        try:
            await self._store.delete(slot)
        except TierUnavailable as error:
            self._log.error("a purged entry is still in the store in %s: %s", slot, error)
