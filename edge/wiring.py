"""The composition root: opens clients, builds services in order, yields State, drains, closes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from cache.memory_tier import MemoryTier
from cache.observer import Observer
from cache.rates import Rates
from cache.readthrough import ReadThrough
from cache.tier import Store
from config.settings import Settings
from core.cards import Cards
from core.catalog import Catalog
from core.credentials import Credentials
from core.imaging import Limits
from core.limits import Budget
from core.masters import StoredMasters
from core.ports import Enhancer, Generator
from core.records.records import Records
from core.signing import Signer
from core.slots import Slots
from core.verification import Verifier
from core.workshop import Workshop
from edge import providers
from edge.hot import HotMemo
from edge.making import making
from edge.operations.first_start import prepare
from edge.parts import Coordination, admission_of, coordination, records, spool, store
from edge.services import library
from edge.state import State
from edge.telemetry.health import Readiness, ReadyPage
from edge.telemetry.metrics import CacheMetrics, GenerationMetrics

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
    maker = await stack.enter_async_context(providers.generator(settings))
    writer = await stack.enter_async_context(providers.enhancer(settings))
    meter, spending = GenerationMetrics(registry), settings.spending.enabled
    workshop = _workshop(
        settings, log, maker, meter=meter, enhancer=writer, rates=fleet.rates, cache=cache
    )
    shelf = library(settings, log, cache)
    made = making(log, cache, _catalog(settings), workshop, shelf["aliases"], spending=spending)
    stack.push_async_callback(made.work.settle)
    await stack.enter_async_context(_in_background(made.sweeper.run()))
    credentials = Credentials(log.tenants)
    stack.push_async_callback(credentials.settle)
    readiness = Readiness(
        generator=maker.name,
        needed={"store": lambda: pictures.get(_NOBODYS)},
        wanted={**fleet.checks, "records": log.ping},
    )
    stack.push_async_callback(_drain, cache, readiness, settings.server.drain)
    return {
        **shelf,
        "live": made.live,
        "credentials": credentials,
        "signer": Signer([(key.kid, key.secret) for key in prepared.signing_keys]),
        "cards": Cards(),
        "hot": HotMemo(cache),
        "ready": ReadyPage(readiness),
        "share_keyed": settings.live.share_keyed,
        "longest_wait": settings.live.wait,
        "public_url": settings.server.public_url,
        "generations": made.generations,
        "progress": made.progress,
        "admission": workshop.admission,
    }


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
    rows, painter = providers.models(settings)
    return Catalog(rows, painter, generator=settings.generator_name, default=settings.default_model)


def _workshop(
    settings: Settings,
    log: Records,
    maker: Generator,
    *,
    meter: GenerationMetrics,
    enhancer: Enhancer,
    rates: Rates,
    cache: ReadThrough,
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
        admission=admission_of(settings, rates),
        enhancer=enhancer,
        masters=StoredMasters(cache),
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
