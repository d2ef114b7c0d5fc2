"""Reads the journal of purges as it grows, and drops from this process what it says."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog

from cache.broadcast import Broadcast
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from core.errors import EdgeError
from core.purging.ports import Derivations, Journal, Purge
from core.purging.service import Purging

EVERY = 2.0
_SWEEP_EVERY = 15.0
_TIDY_EVERY = 3600.0
# Whoever wrote it down would have carried it out by now; the parts of a big one take longer.
_PATIENCE = timedelta(seconds=60)
_PATIENCE_WITH_BIG_ONES = timedelta(minutes=10)
_KEPT = timedelta(days=7)
# Copies dropped once more at the start; a near tier that was away may hold older ones, too.
_AT_START = 10_000


def _utc_now() -> datetime:
    return datetime.now(UTC)


class JournalReader:
    """Looks every two seconds, and at once when it hears of a purge.

    A purge that is still being carried out is heeded again and again until it has ended: before,
    what it takes away can still be read from the store. Begin with ``start`` before anything is
    in memory. ``near_keeps`` is how long the near tier keeps a copy.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        purging: Purging,
        cache: ReadThrough,
        derivatives: Derivations,
        broadcast: Broadcast,
        every: float = EVERY,
        near_keeps: timedelta = timedelta(days=1),
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._journal = journal
        self._purging = purging
        self._cache = cache
        self._derivatives = derivatives
        self._broadcast = broadcast
        self._every = every
        self._near_keeps = near_keeps
        self._clock = clock
        self._number = 0
        self._watched: set[int] = set()
        self._log = structlog.get_logger("purges")

    async def start(self) -> None:
        """From now on every purge is heeded, and the near tier's copies of what went lately are
        dropped once more: whoever owed it that may have ended first. Raises RecordsUnavailable."""
        self._number = await self._journal.number()
        everything = self._clock() + timedelta(days=1)
        self._watched = {purge.number for purge in await self._journal.abandoned(everything)}
        lately = await self._journal.made_after(self._clock() - self._near_keeps)
        struck = dict.fromkeys(each.key for purge in reversed(lately) for each in purge.struck)
        if struck:
            await self._cache.evict(list(islice(struck, _AT_START)))

    async def run(self) -> None:
        """Read until cancelled; a database or a Redis that is away ends nothing."""
        loop = asyncio.get_running_loop()
        sweep_at = loop.time() + _SWEEP_EVERY * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        tidy_at = loop.time() + _TIDY_EVERY * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        while True:
            await self._safely(self.read)
            await self._safely(self._cache.evict_owed)
            if loop.time() >= sweep_at:
                await self._safely(self.sweep)
                sweep_at = loop.time() + _SWEEP_EVERY
            if loop.time() >= tidy_at:
                await self._safely(self._tidy)
                tidy_at = loop.time() + _TIDY_EVERY
            await self._broadcast.wait(self._every)

    async def read(self) -> int:
        """Heed what is new and what has not ended; how many purges. Raises RecordsUnavailable."""
        purges = await self._journal.since(self._number, self._watched)
        fresh = [purge.number for purge in purges if purge.number > self._number]
        if fresh and fresh[0] > self._number + 1:
            # Asleep for so long that a part of the journal was forgotten.
            await self._cache.evict(None)
            self._derivatives.evict(None)
        heeded = await self._heed(purges)
        self._number = max([self._number, *fresh])
        self._watched = {purge.number for purge in purges if not (heeded and purge.ended)}
        return len(purges)

    async def sweep(self) -> int:
        """Carry out what others wrote down and left; how many. Raises StoreDown,
        RecordsUnavailable."""
        now = self._clock()
        found = await self._journal.abandoned(now - _PATIENCE)
        # The parts first: the opening row of a big purge ends last.
        parts = [purge for purge in found if not _is_big(purge)]
        openings = [purge for purge in found if _is_big(purge)]
        left = [each for each in openings if each.made_at < now - _PATIENCE_WITH_BIG_ONES]
        for purge in [*parts, *left]:
            self._log.warning("purge_taken_up", number=purge.number)
            await self._purging.resume(purge)
        return len(parts) + len(left)

    async def _heed(self, purges: Collection[Purge]) -> bool:
        keys = [each.key for purge in purges for each in purge.struck]
        if not keys:
            return True
        await self._cache.evict(keys)
        self._derivatives.evict([key.slot for key in keys])
        gone = [each.key for purge in purges for each in purge.struck if each.gone]
        try:
            await self._cache.unspool(gone)
        except CacheError as error:
            # The store took it from here a moment ago, and is away now.
            self._log.warning("purge_not_heeded", error=type(error).__name__)
            return False
        return True

    async def _tidy(self) -> None:
        await self._journal.tidy(self._clock() - _KEPT)

    async def _safely(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except (EdgeError, CacheError) as error:
            self._log.warning("journal_unread", error=type(error).__name__)
        except Exception:  # noqa: BLE001 - a bug in one round must not end all later ones
            self._log.exception("journal_crashed")


def _is_big(purge: Purge) -> bool:
    return purge.whole_project or purge.scope_id is not None
