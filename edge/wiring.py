"""The composition root: opens clients, builds services in order, yields State, drains, closes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from cache.memory_tier import MemoryTier
from cache.observer import Observer
from cache.readthrough import ReadThrough
from cache.spool import Spool
from cache.tier import Store
from config.settings import Settings
from core.cards import Cards
from core.credentials import Credentials
from core.derivatives import Derivatives
from core.records.records import Records
from core.rendering.workshop import Workshop
from core.signing import Signer
from edge.deriving import deriving, memory_for_derivatives
from edge.equipping import catalog_of, equipped
from edge.hot import HotMemo
from edge.keeping import keeping
from edge.making import making, making_state, warming
from edge.operations.first_start import prepare
from edge.parts import Coordination, coordination, records, spool, store
from edge.purging import purging, telling
from edge.services import library, use
from edge.state import ServiceState, State, UseState
from edge.telemetry.health import Readiness, ReadyPage
from edge.telemetry.metrics import CacheMetrics

# A slot nothing can hash to: asking for it proves that the store answers.
_NOBODYS = "0" * 32

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[State]]


def lifespan_of(settings: Settings, registry: CollectorRegistry, *, alone: bool = True) -> Lifespan:
    """The lifespan that opens everything these settings name; ``alone`` as of coordination."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            yield await _compose(settings, registry, stack, alone=alone)

    return lifespan


@dataclass(frozen=True, slots=True)
class _Ground:
    """What everything stands on; ``used`` is what is known of use."""

    log: Records
    fleet: Coordination
    pictures: Store
    cache: ReadThrough
    derivatives: Derivatives
    used: UseState


async def _compose(
    settings: Settings, registry: CollectorRegistry, stack: AsyncExitStack, *, alone: bool
) -> State:
    """Everything in the order of its needs; ``stack`` closes it in the opposite one."""
    log = await stack.enter_async_context(records(settings))
    prepared = await prepare(settings, log.tenants, log.keys)
    fleet = await stack.enter_async_context(coordination(settings, alone=alone))
    ground = await _ground(settings, registry, stack, log, fleet)
    workshop = await stack.enter_async_context(
        equipped(settings, registry, log, ground.fleet, ground.cache)
    )
    credentials = Credentials(log.tenants)
    stack.push_async_callback(credentials.settle)
    services = await _services(settings, registry, stack, ground, workshop)
    readiness = _readiness(ground, workshop.generator.name)
    stack.push_async_callback(_drain, ground.cache, readiness, settings.server.drain)
    return {
        **services,
        "credentials": credentials,
        "signer": Signer([(key.kid, key.secret) for key in prepared.signing_keys]),
        "cards": Cards(),
        "hot": HotMemo(ground.cache, ground.derivatives),
        "ready": ReadyPage(readiness),
        "share_keyed": settings.live.share_keyed,
        "longest_wait": settings.live.wait,
        "public_url": settings.server.public_url,
    }


async def _services(
    settings: Settings,
    registry: CollectorRegistry,
    stack: AsyncExitStack,
    ground: _Ground,
    workshop: Workshop,
) -> ServiceState:
    log, cache, derivatives = ground.log, ground.cache, ground.derivatives
    catalog, purges = catalog_of(settings), ground.fleet.purges
    told = await stack.enter_async_context(
        telling(settings, log, registry, settling=purges.settling)
    )
    takedowns = await stack.enter_async_context(
        purging(
            log,
            cache,
            derivatives,
            broadcast=purges,
            announcements=told,
            catalog=catalog,
            version=workshop.enhancer.version,
            near_keeps=timedelta(seconds=settings.redis.keep),
        )
    )
    shelf = library(settings, log, cache, takedowns)
    aliases, spending = shelf["aliases"], settings.spending.enabled
    made = making(log, cache, catalog, workshop, aliases, takedowns=takedowns, spending=spending)
    stack.push_async_callback(made.work.settle)
    await stack.enter_async_context(_in_background(made.sweeper.run()))
    return {
        **shelf,
        **ground.used,
        **making_state(log, cache, catalog, workshop, made, replacements=takedowns),
        "derivatives": derivatives,
        "warming": warming(made, derivatives, shelf["images"]),
        "purging": takedowns,
        "receipts": told,
    }


async def _ground(
    settings: Settings,
    registry: CollectorRegistry,
    stack: AsyncExitStack,
    log: Records,
    fleet: Coordination,
) -> _Ground:
    used = await stack.enter_async_context(use(settings, log))
    pictures = await stack.enter_async_context(store(settings))
    counted = CacheMetrics(registry)
    waiting = await stack.enter_async_context(spool(settings, log, pictures, fleet.near, counted))
    cache = _cache(settings, fleet, pictures, counted, waiting)
    derivatives = await stack.enter_async_context(
        deriving(settings, registry, log, fleet, pictures)
    )
    await stack.enter_async_context(keeping(settings, log, cache, derivatives, fleet.leases))
    return _Ground(log, fleet, pictures, cache, derivatives, used)


def _cache(
    settings: Settings,
    fleet: Coordination,
    pictures: Store,
    observer: Observer,
    waiting: Spool,
) -> ReadThrough:
    return ReadThrough(
        memory=MemoryTier(settings.cache.memory_bytes - memory_for_derivatives(settings)),
        near=fleet.near,
        store=pictures,
        leases=fleet.leases,
        failures=fleet.failures,
        spool=waiting,
        observer=observer,
        patience=settings.cache.flight_patience,
        max_flights=settings.generator.max_generations + settings.generator.max_queue,
        max_waiters=settings.cache.max_waiters,
    )


def _readiness(ground: _Ground, generator: str) -> Readiness:
    return Readiness(
        generator=generator,
        needed={"store": lambda: ground.pictures.get(_NOBODYS)},
        wanted={**ground.fleet.checks, "records": ground.log.ping},
    )


async def _drain(cache: ReadThrough, readiness: Readiness, seconds: float) -> None:
    """Readiness fails first, then what is under way ends, then the clients close."""
    readiness.drain()
    await cache.drain(seconds)


@asynccontextmanager
async def _in_background(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
