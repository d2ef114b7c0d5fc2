"""What storage holds and what of it nobody would miss: counted, listed, noted as used."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select, update

from core.models import Image
from core.records.database import Database
from core.records.rows import image_of
from core.records.tables import (
    derivatives,
    flow_aliases,
    generation_references,
    generations,
    images,
    projects,
)
from core.storage.shelf import Kept, Shelf

# Whatever project: storage is one for all of them.
_EVERY_PROJECT = images.c.project_id.in_(select(projects.c.id))
# How exactly a use is noted: more often would be writing for nothing.
_NOTED_WITHIN = timedelta(days=1)
# Databases bound the values of a statement, PostgreSQL by 32,767.
_AT_ONCE = 500


class SqlShelf(Shelf):
    """Storage by its records. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def kept(self) -> Kept:
        """Equal uploads stand on the same bytes, so each slot counts once."""
        slots = select(func.max(images.c.file_size).label("size"))
        slots = slots.where(_EVERY_PROJECT, images.c.stored).group_by(images.c.slot)
        masters = select(func.coalesce(func.sum(slots.subquery().c.size), 0))
        made = derivatives.c
        smaller = select(func.coalesce(func.sum(made.file_size), 0))
        smaller = smaller.where(made.project_id.in_(select(projects.c.id)))
        async with self._database.reading() as connection:
            return Kept(
                masters=int(await connection.scalar(masters) or 0),
                derivatives=int(await connection.scalar(smaller) or 0),
            )

    async def deleted(self, before: datetime, limit: int) -> list[Image]:
        query = select(images).where(_EVERY_PROJECT, images.c.deleted_at < before)
        return await self._listed(query.order_by(images.c.deleted_at, images.c.id).limit(limit))

    async def unused(self, before: datetime | None, limit: int) -> list[Image]:
        last_use = func.coalesce(images.c.used_at, images.c.created_at)
        query = select(images).where(_EVERY_PROJECT, *_unreferenced())
        if before is not None:
            query = query.where(last_use < before)
        return await self._listed(query.order_by(last_use, images.c.id).limit(limit))

    async def arrived(self, slot: str, identity: str) -> None:
        arrived = (
            update(images)
            .where(_EVERY_PROJECT, images.c.slot == slot, images.c.identity == identity)
            .where(not_(images.c.stored), images.c.deleted_at.is_(None))
            .values(stored=True)
        )
        async with self._database.writing() as connection:
            await connection.execute(arrived)

    async def note_used(self, project_id: str, image_ids: Collection[str], when: datetime) -> None:
        known, ids = images.c.used_at, sorted(image_ids)
        noted = (
            update(images)
            .where(images.c.project_id == project_id)
            .where(or_(known.is_(None), known < when - _NOTED_WITHIN))
            .values(used_at=when)
        )
        for start in range(0, len(ids), _AT_ONCE):
            part = noted.where(images.c.id.in_(ids[start : start + _AT_ONCE]))
            async with self._database.writing() as connection:
                await connection.execute(part)

    async def _listed(self, query: Select[Any]) -> list[Image]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [image_of(row) for row in rows]


def _unreferenced() -> tuple[ColumnElement[bool], ...]:
    """Pictures of live URLs that nothing but their URL leads to: it can have them made again."""
    ordered = exists().where(
        generations.c.project_id == images.c.project_id,
        generations.c.output_image_id == images.c.id,
        generations.c.origin == "rest",
        generations.c.deleted_at.is_(None),
    )
    named_in_a_flow = exists().where(
        flow_aliases.c.project_id == images.c.project_id, flow_aliases.c.image_id == images.c.id
    )
    gone_by = exists().where(
        and_(
            generation_references.c.project_id == images.c.project_id,
            generation_references.c.image_id == images.c.id,
        )
    )
    return (
        images.c.origin == "live",
        images.c.source == "generated",
        images.c.stored,
        images.c.deleted_at.is_(None),
        images.c.alias.is_(None),
        images.c.flow_id.is_(None),
        not_(named_in_a_flow),
        not_(gone_by),
        not_(ordered),
    )
