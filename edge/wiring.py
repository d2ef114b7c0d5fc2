"""The composition root: opens clients, builds services in order, yields State, drains, closes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from cache.memory_tier import MemoryTier
from cache.observer import Observer
from cache.readthrough import ReadThrough
from cache.tier import Store
from config.settings import Settings
from core.cards import Cards
from core.catalog import Catalog
from core.credentials import Credentials
from core.imaging import Limits
from core.live import Live
from core.models import Budget
from core.ports import Generator
from core.records.records import Records
from core.render import Workshop
from core.signing import Signer
from core.slots import Slots
from core.sweeper import Sweeper
from core.verification import Verifier
from edge.first_start import prepare
from edge.health import Readiness, ReadyPage
from edge.hot import HotMemo
from edge.metrics import CacheMetrics, GenerationMetrics
from edge.parts import Coordination, coordination, generator, models, records, spool, store
from edge.state import State

# A slot nothing can hash to: asking for it proves that the store answers.
_NOBODYS = "0" * 32

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[State]]


def lifespan_of(settings: Settings, registry: CollectorRegistry) -> Lifespan:
    """The lifespan that opens everything these settings name."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            yield await _compose(settings, registry, stack)

    return lifespan


async def _compose(settings: Settings, registry: CollectorRegistry, stack: AsyncExitStack) -> State:
    """Everything in the order of its needs; ``stack`` closes it in the opposite one."""
    log = await stack.enter_async_context(records(settings))
    prepared = await prepare(settings, log.tenants, log.keys)
    fleet = await stack.enter_async_context(coordination(settings))
    pictures = await stack.enter_async_context(store(settings))
    cache = await _cache(settings, fleet, pictures, CacheMetrics(registry), stack)
    maker = await stack.enter_async_context(generator(settings))
    meter = GenerationMetrics(registry)
    live = Live(
        cache=cache,
        catalog=_catalog(settings),
        workshop=_workshop(settings, log, maker, meter),
        spending=settings.spending.enabled,
    )
    await stack.enter_async_context(_in_background(_sweeper(settings, cache, log, meter).run()))
    credentials = Credentials(log.tenants)
    stack.push_async_callback(credentials.settle)
    readiness = Readiness(
        generator=maker.name,
        needed={"store": lambda: pictures.get(_NOBODYS)},
        wanted={**fleet.checks, "records": log.ping},
    )
    stack.push_async_callback(_drain, cache, readiness, settings.server.drain)
    return State(
        live=live,
        credentials=credentials,
        signer=Signer([(key.kid, key.secret) for key in prepared.signing_keys]),
        cards=Cards(),
        hot=HotMemo(cache),
        ready=ReadyPage(readiness),
        share_keyed=settings.live.share_keyed,
        longest_wait=settings.live.wait,
    )


async def _cache(
    settings: Settings,
    fleet: Coordination,
    pictures: Store,
    observer: Observer,
    stack: AsyncExitStack,
) -> ReadThrough:
    return ReadThrough(
        memory=MemoryTier(settings.cache.memory_bytes),
        near=fleet.near,
        store=pictures,
        leases=fleet.leases,
        failures=fleet.failures,
        spool=await stack.enter_async_context(spool(settings, pictures, fleet.near, observer)),
        observer=observer,
        patience=settings.cache.flight_patience,
        max_flights=settings.generator.max_generations + settings.generator.max_queue,
        max_waiters=settings.cache.max_waiters,
    )


def _catalog(settings: Settings) -> Catalog:
    rows, painter = models(settings)
    return Catalog(rows, painter, generator=settings.generator_name, default=settings.default_model)


def _workshop(
    settings: Settings, log: Records, maker: Generator, meter: GenerationMetrics
) -> Workshop:
    limit = settings.spending.daily_budget
    return Workshop(
        generator=maker,
        generations=log.generations,
        ledger=log.ledger,
        budgets=() if limit is None else (Budget("installation", "day", limit),),
        slots=Slots(
            running=settings.generator.max_generations, waiting=settings.generator.max_queue
        ),
        prepare=Verifier(Limits(max_bytes=settings.generator.download_max_bytes)),
        meter=meter,
        deadline=settings.generator.deadline,
    )


def _sweeper(
    settings: Settings, cache: ReadThrough, log: Records, meter: GenerationMetrics
) -> Sweeper:
    return Sweeper(
        cache=cache,
        generations=log.generations,
        ledger=log.ledger,
        meter=meter,
        # Longer than any flight: queueing, the lease's takeover and one whole generation.
        patience=settings.generator.deadline * 2,
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
