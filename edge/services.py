"""Builds the services behind the REST API's records: images, flows, keys, scopes, use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cache.background import end
from cache.readthrough import ReadThrough
from config.settings import Settings
from core.idempotency import Idempotency
from core.imaging import Limits
from core.keys import Keys
from core.library.aliases import Aliases
from core.library.flows import Flows
from core.library.images import Images
from core.library.uploads import Uploads
from core.purging.ports import Takedowns
from core.records.records import Records
from core.scopes.service import Scopes
from core.spending.tally import Tally
from core.spending.usage import Usage
from core.storage.uses import Uses
from edge.state import LibraryState, UseState


def library(
    settings: Settings, log: Records, cache: ReadThrough, takedowns: Takedowns
) -> LibraryState:
    """Over these records and the pictures of this cache."""
    limits = Limits(max_bytes=settings.uploads.max_bytes)
    aliases = Aliases(log.images, log.flows)
    return LibraryState(
        aliases=aliases,
        images=Images(log.images, aliases, cache, takedowns=takedowns, tombstones=log.purges),
        uploads=Uploads(log.images, log.flows, cache, limits, tombstones=log.purges),
        flows=Flows(log.flows, log.library, log.images),
        keys=Keys(log.keys, log.tenants, models=tuple(settings.models)),
        idempotency=Idempotency(log.idempotency),
        scopes=Scopes(log.scopes, models=tuple(settings.models)),
    )


@asynccontextmanager
async def use(settings: Settings, log: Records) -> AsyncIterator[UseState]:
    """What was counted is written down when this ends: enter it after the records."""
    tally, uses = Tally(log.usage), Uses(log.shelf)
    tasks = [asyncio.create_task(each.run()) for each in (tally, uses)]
    try:
        budget = settings.spending.daily_budget
        usage = Usage(log.usage, tally, log.ledger, budget)
        yield UseState(tally=tally, usage=usage, uses=uses)
    finally:
        for task in tasks:
            await end(task)
        await tally.flush()
        await uses.flush()
