"""What an earlier run left behind: whether its image was taken away meanwhile."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cache.entry import Key
from core.purging.ports import Leftovers
from core.records.database import Database
from core.records.purge_rows import purge_of, select_purges
from core.records.tables import images, projects, purges, tombstones

# What clocks may differ by, and a picture be kept after a purge that it was to go with.
_SLACK = timedelta(minutes=1)


class SqlLeftovers(Leftovers):
    """Asked by key alone: an identity belongs to one project."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def wanted(self, key: Key, image_id: str, since: datetime) -> bool:
        """No where a tombstone stands, where a purge took the master since, or a live picture's
        record is deleted: its URL has another one made. Raises RecordsUnavailable."""
        every = select(projects.c.id)
        grave = select(tombstones.c.identity).where(
            tombstones.c.project_id.in_(every), tombstones.c.identity == key.identity
        )
        records = select(images.c.id, images.c.origin, images.c.deleted_at).where(
            images.c.project_id.in_(every),
            images.c.slot == key.slot,
            images.c.identity == key.identity,
        )
        async with self._database.reading() as connection:
            if (await connection.execute(grave.limit(1))).first() is not None:
                return False
            found = (await connection.execute(records)).all()
            if any(row.id == image_id and row.deleted_at is None for row in found):
                # Whoever takes a master away deletes its records first.
                return True
            if await _purged(connection, key, since - _SLACK):
                return False
        standing = any(row.deleted_at is None for row in found)
        return standing or not any(row.id == image_id and row.origin == "live" for row in found)


async def _purged(connection: AsyncConnection, key: Key, since: datetime) -> bool:
    """Whether a purge since then took this master."""
    every = select(projects.c.id)
    query = select_purges().where(purges.c.project_id.in_(every), purges.c.made_at >= since)
    rows = (await connection.execute(query)).mappings().all()
    return any(each.gone and each.key == key for row in rows for each in purge_of(row).struck)
