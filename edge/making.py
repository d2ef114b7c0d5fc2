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
from core.spending.permission import Spending
from core.warming.service import Warming
from core.warming.sizes import WarmSizes
from edge.state import MakingState


@dataclass(frozen=True, slots=True)
class Making:
    """``work`` is to be settled after the cache has drained, before the records close."""

    permission: Spending
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
    work = GenerationWork(
        cache=cache, workshop=workshop, library=log.library, adoption=adoption, hints=hints
    )
    references = References(log.images, aliases)
    permission = Spending(enabled=spending, policy=workshop.policy)
    service = GenerationService(
        cache=cache,
        planner=Planner(catalog, references, version=workshop.enhancer.version),
        work=work,
        adoption=adoption,
        library=log.library,
        flows=log.flows,
        generator=workshop.generator,
        spending=permission,
        takedowns=takedowns,
        tombstones=workshop.tombstones,
    )
    live = Live(cache=cache, catalog=catalog, workshop=workshop, spending=permission)
    return Making(
        permission=permission,
        live=live,
        explainer=_explainer(log, cache, workshop, live, permission),
        generations=service,
        progress=Progress(log.library, hints),
        work=work,
        sweeper=_sweeper(log, cache, workshop, adoption),
    )


def _explainer(
    log: Records, cache: ReadThrough, workshop: Workshop, live: Live, permission: Spending
) -> Explainer:
    return Explainer(
        live=live, cache=cache, workshop=workshop, spending=permission, counts=log.ledger
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
