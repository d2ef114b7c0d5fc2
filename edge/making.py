"""Builds the services by which pictures are made: the live door, REST, and the sweeper."""

from dataclasses import dataclass

from cache.leases import Hints
from cache.readthrough import ReadThrough
from core.catalog import Catalog
from core.derivatives import Derivatives
from core.explain import Explainer
from core.generations.adoption import Adoption
from core.generations.plans import Planner
from core.generations.progress import Progress
from core.generations.references import References
from core.generations.service import GenerationService
from core.generations.sweeper import Sweeper
from core.generations.work import GenerationWork
from core.library.aliases import Aliases
from core.library.images import Images
from core.live import Live
from core.purging.ports import Takedowns
from core.records.records import Records
from core.rendering.workshop import Workshop
from core.scopes.ports import Replacements
from core.scopes.remaking import Remaking
from core.spending.foresight import Foresight
from core.spending.permission import Spending
from core.warming.service import Warming
from core.warming.sizes import WarmSizes
from edge.state import MakingState


@dataclass(frozen=True, slots=True)
class Making:
    """``work`` is to be settled after the cache has drained, before the records close."""

    permission: Spending
    foresight: Foresight
    live: Live
    explainer: Explainer
    generations: GenerationService
    progress: Progress
    work: GenerationWork
    sweeper: Sweeper


def making(
    log: Records,
    cache: ReadThrough,
    catalog: Catalog,
    workshop: Workshop,
    aliases: Aliases,
    *,
    takedowns: Takedowns,
    spending: bool,
) -> Making:
    """Over these records, this cache and this workshop."""
    hints = Hints()
    adoption = Adoption(generations=log.generations, library=log.library, images=log.images)
    work = _work(log, cache, workshop, adoption, hints)
    permission = Spending(enabled=spending, policy=workshop.policy)
    foresight = _foresight(log, cache, workshop)
    service = GenerationService(
        cache=cache,
        planner=_planner(log, catalog, workshop, aliases),
        work=work,
        adoption=adoption,
        library=log.library,
        flows=log.flows,
        generator=workshop.generator,
        spending=permission,
        foresight=foresight,
        takedowns=takedowns,
        tombstones=workshop.tombstones,
    )
    live = Live(cache=cache, catalog=catalog, workshop=workshop, spending=permission)
    return Making(
        permission=permission,
        foresight=foresight,
        live=live,
        explainer=_explainer(cache, workshop, live, permission, foresight),
        generations=service,
        progress=Progress(log.library, hints),
        work=work,
        sweeper=_sweeper(log, cache, workshop, adoption),
    )


def _work(
    log: Records, cache: ReadThrough, workshop: Workshop, adoption: Adoption, hints: Hints
) -> GenerationWork:
    return GenerationWork(
        cache=cache, workshop=workshop, library=log.library, adoption=adoption, hints=hints
    )


def _planner(log: Records, catalog: Catalog, workshop: Workshop, aliases: Aliases) -> Planner:
    references = References(log.images, aliases)
    return Planner(catalog, references, version=workshop.enhancer.version)


def _explainer(
    cache: ReadThrough, workshop: Workshop, live: Live, permission: Spending, foresight: Foresight
) -> Explainer:
    return Explainer(
        live=live, cache=cache, workshop=workshop, spending=permission, foresight=foresight
    )


def _foresight(log: Records, cache: ReadThrough, workshop: Workshop) -> Foresight:
    return Foresight(
        cache=cache,
        generations=workshop.generations,
        admission=workshop.admission,
        budgets=workshop.budgets,
        counts=log.ledger,
    )


def _sweeper(log: Records, cache: ReadThrough, workshop: Workshop, adoption: Adoption) -> Sweeper:
    return Sweeper(
        cache=cache,
        generations=log.generations,
        ledger=log.ledger,
        meter=workshop.meter,
        adoption=adoption,
        patience=workshop.deadline * 2,
        watch=workshop.watch,
    )


def making_state(
    log: Records,
    cache: ReadThrough,
    catalog: Catalog,
    workshop: Workshop,
    made: Making,
    *,
    replacements: Replacements,
) -> MakingState:
    """What requests reach of it; ``replacements`` tells everybody of pictures made anew."""
    remaking = Remaking(
        cache=cache,
        live=made.live,
        catalog=catalog,
        spending=made.permission,
        foresight=made.foresight,
        work=made.work,
        library=log.library,
        pictures=log.live_pictures,
        replacements=replacements,
        purges=log.purges,
        version=workshop.enhancer.version,
    )
    return MakingState(
        live=made.live,
        explainer=made.explainer,
        generations=made.generations,
        remaking=remaking,
        progress=made.progress,
        admission=workshop.admission,
    )


def warming(made: Making, derivatives: Derivatives, images: Images) -> Warming:
    """Has pictures, sizes and formats made before anybody asks."""
    sizes = WarmSizes(derivatives, images)
    return Warming(live=made.live, explainer=made.explainer, sizes=sizes)
