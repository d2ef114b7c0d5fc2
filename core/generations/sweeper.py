"""Closes the books on generations whose process ended: nothing stays reserved for ever."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from cache.entry import Entry, Key
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from core.errors import EdgeError
from core.generations.adoption import Adoption
from core.models import Generation
from core.ports import Generations, Ledger, Meter
from core.purging.ports import FlightWatch, NoPurges
from core.rendering.orders import image_of

_EVERY = 30.0
_AT_ONCE = 100


class Sweeper:
    """Looks every 30 s for generations older than ``patience`` seconds that nobody finished."""

    def __init__(
        self,
        *,
        cache: ReadThrough,
        generations: Generations,
        ledger: Ledger,
        meter: Meter,
        adoption: Adoption,
        patience: float,
        watch: FlightWatch | None = None,
    ) -> None:
        self._cache = cache
        self._generations = generations
        self._ledger = ledger
        self._meter = meter
        self._adoption = adoption
        self._patience = timedelta(seconds=patience)
        self._watch = watch or NoPurges()
        self._log = structlog.get_logger("sweeper")

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except (EdgeError, CacheError) as error:
                self._log.warning("sweep_failed", error=type(error).__name__)
            except Exception:  # noqa: BLE001 - a bug in one round must not end all later ones
                self._log.exception("sweep_crashed")
            await asyncio.sleep(_EVERY)

    async def sweep(self) -> int:
        """One round; returns how many generations were closed."""
        before = datetime.now(UTC) - self._patience
        abandoned = await self._generations.abandoned(before, _AT_ONCE)
        for generation in abandoned:
            await self._close(generation)
        orphans = await self._ledger.refund_orphans(before)
        return len(abandoned) + orphans + await self._ledger.close_ended(before)

    async def _close(self, generation: Generation) -> None:
        found = await self._cache.lookup(Key(generation.slot, generation.identity))
        if found is not None and found.entry.meta.get("generation") == generation.id:
            await self._finish(generation, found.entry)
            return
        if found is not None and generation.status == "pending":
            # It had joined somebody else's work, which has ended well.
            await self._adoption.complete(generation, found, processing_ms=0)
            return
        await self._generations.fail(
            generation.project_id,
            generation.id,
            "ABANDONED",
            "Its process ended before it did.",
            attempt=generation.attempt,
        )
        if generation.status == "pending":
            # Nobody was asked: close_ended returns the money once its process is surely gone.
            return
        # The provider may have been asked and nobody saw the outcome: paid, never free.
        await self._ledger.settle_reserved(generation.account)
        self._meter.paid_twice()

    async def _finish(self, generation: Generation, entry: Entry) -> None:
        since = await self._watch.number_before(generation.updated_at)
        purged = await self._watch.struck_since(generation, since)
        if purged:
            await self._cache.forget(Key(generation.slot, generation.identity))
        await self._generations.succeed(
            generation.project_id,
            generation.id,
            image_of(generation, entry, stored=True, purged=purged),
            cost_micros=await self._ledger.settle_reserved(generation.account),
            processing_ms=0,
            attempt=generation.attempt,
        )
