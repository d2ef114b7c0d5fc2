"""Builds the services by which pictures are made: the live door, REST, and the sweeper."""

from dataclasses import dataclass

from cache.leases import Hints
from cache.readthrough import ReadThrough
from core.adoption import Adoption
from core.aliases import Aliases
from core.catalog import Catalog
from core.generation_plans import Planner
from core.generation_work import GenerationWork
from core.generations import GenerationService
from core.live import Live
from core.progress import Progress
from core.records.records import Records
from core.references import References
from core.sweeper import Sweeper
from core.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Making:
    """``work`` is to be settled after the cache has drained, before the records close."""

    live: Live
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
    spending: bool,
) -> Making:
    """Over these records, this cache and this workshop."""
    hints = Hints()
    adoption = Adoption(generations=log.generations, library=log.library, images=log.images)
    work = GenerationWork(
        cache=cache, workshop=workshop, library=log.library, adoption=adoption, hints=hints
    )
    references = References(log.images, aliases)
    service = GenerationService(
        cache=cache,
        planner=Planner(catalog, references, version=workshop.enhancer.version),
        work=work,
        adoption=adoption,
        library=log.library,
        flows=log.flows,
        generator=workshop.generator,
        spending=spending,
    )
    return Making(
        live=Live(cache=cache, catalog=catalog, workshop=workshop, spending=spending),
        generations=service,
        progress=Progress(log.library, hints),
        work=work,
        sweeper=Sweeper(
            cache=cache,
            generations=log.generations,
            ledger=log.ledger,
            meter=workshop.meter,
            adoption=adoption,
            patience=workshop.deadline * 2,
        ),
    )
