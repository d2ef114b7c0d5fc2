"""The journal's rows: written in whatever transaction takes pictures away, and read back."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping, Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cache.entry import Key
from core.ids import new_id
from core.models import Project
from core.purging.ports import Purge, Struck
from core.records.database import Database, database_time
from core.records.rows import project_of
from core.records.tables import organizations, projects, purge_clock, purge_deliveries, purges

# Until the purge is carried out and sets the moment: a CDN told before fetches the old copy again.
_UNTIL_ENDED = timedelta(hours=1)
_PROJECT = (
    organizations.c.slug.label("organization_slug"),
    projects.c.slug.label("project_slug"),
    projects.c.public.label("project_public"),
)


async def write_down(
    database: Database, connection: AsyncConnection, purge: Purge, tags: Collection[str]
) -> int:
    """Add the purge to the journal, and to what CDNs are told; its number.

    The clock's row stays locked until the transaction ends, so that numbers become visible in
    their order. Come here after any other lock.
    """
    ticks = database.insert_adding(purge_clock.c.number, [{"name": "purges", "number": 1}])
    ticked = await connection.execute(ticks.returning(purge_clock.c.number))
    number = int(ticked.scalar_one())
    row = {
        "number": number,
        "project_id": purge.project.id,
        "whole_project": purge.whole_project,
        "scope_id": purge.scope_id,
        "slots": [[each.key.slot, each.key.identity, each.gone] for each in purge.struck],
        "tombstone": purge.tombstone,
        "made_at": purge.made_at,
        "ended_at": purge.made_at if purge.ended else None,
    }
    await connection.execute(insert(purges).values(row))
    if tags and database.announces:
        now = await database_time(connection)
        delivery = {
            "id": new_id(),
            "purge_number": number,
            "project_id": purge.project.id,
            "tags": list(tags),
            "told": 0,
            "turn": 1,
            "state": "pending",
            "attempts": 0,
            "next_at": now if purge.ended else now + _UNTIL_ENDED,
            "created_at": now,
        }
        await connection.execute(insert(purge_deliveries).values(delivery))
    return number


async def project_with(connection: AsyncConnection, project_id: str) -> Project:
    """Raises NoResultFound."""
    query = select(projects.c.id.label("project_id"), *_PROJECT)
    query = query.join_from(projects, organizations).where(projects.c.id == project_id)
    return project_of((await connection.execute(query)).mappings().one())


def select_purges() -> Select[Any]:
    """Rows for ``purge_of``."""
    return select(purges, *_PROJECT).join_from(purges, projects).join(organizations)


def purge_of(row: RowMapping) -> Purge:
    return Purge(
        number=row["number"],
        project=project_of(row),
        struck=tuple(Struck(Key(slot, name), gone) for slot, name, gone in row["slots"]),
        made_at=row["made_at"],
        scope_id=row["scope_id"],
        whole_project=row["whole_project"],
        tombstone=row["tombstone"],
        ended=row["ended_at"] is not None,
    )
