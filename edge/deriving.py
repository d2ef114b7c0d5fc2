"""Builds what makes sizes and formats: worker threads, tiers of their own, and their records."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from cache.background import end
from cache.failures import LocalFailures
from cache.leases import OptionalLeases
from cache.memory_tier import MemoryTier
from cache.readthrough import ReadThrough
from cache.spool import NullSpool
from cache.tier import Store
from config.settings import Settings
from core.derivatives import Derivatives
from core.derivatives.facts import KnownMasters
from core.derivatives.keeping import ListedOnly
from core.derivatives.later import Later
from core.derivatives.making import Studio
from core.derivatives.watching import Watch
from core.imaging.masters import DecodedMasters
from core.imaging.workers import open_workers
from core.records.records import Records
from core.storage.uses import Uses
from edge.parts import Coordination
from edge.telemetry.derivative_metrics import DerivativeMetrics
from edge.telemetry.metrics import CacheMetrics

# Seconds a flight waits for a lease elsewhere: longer than any derivative takes.
_PATIENCE = 30.0
# Lookups and flights in this process are bounded by the queue in front of the threads.
_FLIGHTS = 10_000
# Seconds for the derivatives under way when the process stops; they are made again for nothing.
_DRAIN = 5.0


@asynccontextmanager
async def deriving(
    settings: Settings,
    registry: CollectorRegistry,
    log: Records,
    fleet: Coordination,
    pictures: Store,
) -> AsyncIterator[Derivatives]:
    """Derivatives in the same store as their masters, in slots of their own."""
    wanted = settings.derivatives
    memory = MemoryTier(memory_for_derivatives(settings))
    cache = _cache(
        settings, CacheMetrics(registry, "edge_derivative_cache"), memory, fleet, pictures
    )
    later, uses = Later(), Uses(log.derivatives)
    async with open_workers(threads=wanted.threads, waiting=wanted.max_queue) as workers:
        studio = Studio(
            workers=workers,
            masters=DecodedMasters(wanted.decoded_bytes),
            book=log.derivatives,
            watch=Watch(log.purges),
            meter=DerivativeMetrics(registry),
            per_master=wanted.per_master,
        )
        writing = asyncio.create_task(uses.run())
        try:
            yield Derivatives(
                cache=cache,
                memory=memory,
                known=KnownMasters(),
                studio=studio,
                later=later,
                uses=uses,
            )
        finally:
            await later.close()
            await cache.drain(_DRAIN)
            await end(writing)
            await uses.flush()


def memory_for_derivatives(settings: Settings) -> int:
    """Bytes; the rest of the memory tier is for masters."""
    return settings.cache.memory_bytes * settings.derivatives.memory_percent // 100


def _cache(
    settings: Settings,
    observer: CacheMetrics,
    memory: MemoryTier,
    fleet: Coordination,
    pictures: Store,
) -> ReadThrough:
    return ReadThrough(
        memory=memory,
        near=fleet.near,
        store=ListedOnly(pictures),
        leases=OptionalLeases(fleet.leases),
        failures=LocalFailures(),
        spool=NullSpool(),
        observer=observer,
        patience=_PATIENCE,
        max_flights=_FLIGHTS,
        max_waiters=settings.cache.max_waiters,
    )
