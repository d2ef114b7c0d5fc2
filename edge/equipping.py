"""Opens what pictures are made with: generator, enhancer, policy, and the limits on spending."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from cache.readthrough import ReadThrough
from config.settings import Settings
from core.catalog import Catalog
from core.imaging import Limits
from core.records.records import Records
from core.rendering.masters import StoredMasters
from core.rendering.slots import Slots
from core.rendering.verification import Verifier
from core.rendering.workshop import Workshop
from core.spending.limits import Budget
from edge import providers
from edge.admitting import addresses, prompt_policy
from edge.parts import Coordination, admission_of
from edge.telemetry.metrics import GenerationMetrics


@asynccontextmanager
async def equipped(
    settings: Settings,
    registry: CollectorRegistry,
    log: Records,
    fleet: Coordination,
    cache: ReadThrough,
) -> AsyncIterator[Workshop]:
    """The workshop with everything in it."""
    limit, wanted = settings.spending.daily_budget, settings.generator
    async with (
        providers.generator(settings) as generator,
        providers.enhancer(settings) as enhancer,
        prompt_policy(settings) as policy,
    ):
        yield Workshop(
            generator=generator,
            generations=log.generations,
            ledger=log.ledger,
            budgets=() if limit is None else (Budget("installation", "day", limit),),
            slots=Slots(running=wanted.max_generations, waiting=wanted.max_queue),
            prepare=Verifier(Limits(max_bytes=wanted.download_max_bytes)),
            meter=GenerationMetrics(registry),
            deadline=wanted.deadline,
            admission=admission_of(settings, fleet.rates),
            enhancer=enhancer,
            masters=StoredMasters(cache),
            watch=log.purges,
            tombstones=log.purges,
            policy=policy,
            addresses=addresses(fleet.rates),
        )


def catalog_of(settings: Settings) -> Catalog:
    """The models pictures can be made by."""
    rows, painter = providers.models(settings)
    return Catalog(rows, painter, generator=settings.generator_name, default=settings.default_model)
