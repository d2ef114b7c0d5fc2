"""Opens what keeps storage within its bounds, and the books on what the store took late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import structlog

from cache.background import end
from cache.entry import Entry, Key
from cache.readthrough import ReadThrough
from cache.spool import Wanted
from cache.spooling import Arrival
from cache.tier import Leases
from config.settings import Settings
from core.errors import RecordsUnavailable
from core.purging.ports import Leftovers
from core.records.records import Records
from core.storage.keeper import Keeper
from core.storage.shelf import Bounds, Shavings, Shelf


@asynccontextmanager
async def keeping(
    settings: Settings, log: Records, cache: ReadThrough, derivatives: Shavings, leases: Leases
) -> AsyncIterator[None]:
    """Tidies in the background."""
    keeper = Keeper(
        shelf=log.shelf,
        library=log.images,
        cache=cache,
        derivatives=derivatives,
        leases=leases,
        bounds=bounds(settings),
    )
    task = asyncio.create_task(keeper.run())
    try:
        yield
    finally:
        await end(task)


def bounds(settings: Settings) -> Bounds:
    """What the settings say of storage."""
    wanted = settings.retention
    return Bounds(
        max_bytes=settings.store.max_bytes,
        deleted=_days(wanted.deleted),
        derivatives=_days(wanted.derivatives),
        live=_days(wanted.live),
    )


def booked(shelf: Shelf) -> Arrival:
    """Notes in the records what the store has taken out of the spool."""
    log = structlog.get_logger("spool")

    async def note(key: Key, entry: Entry) -> None:
        del entry
        try:
            await shelf.arrived(key.slot, key.identity)
        except RecordsUnavailable:
            # The picture is safe; fsck --fix finds what its record does not know.
            log.warning("arrival_not_noted", slot=key.slot)

    return note


def still_wanted(leftovers: Leftovers) -> Wanted:
    """Asks the records of what an earlier run left in the spool."""
    log = structlog.get_logger("spool")

    async def ask(key: Key, entry: Entry, since: float) -> bool | None:
        image_id, moment = entry.meta.get("image", ""), datetime.fromtimestamp(since, UTC)
        try:
            return await leftovers.wanted(key, image_id, moment)
        except RecordsUnavailable:
            log.warning("leftover_not_judged", slot=key.slot)
            return None

    return ask


def _days(days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)
