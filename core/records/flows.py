"""Flows: chains of generations and images, each known only within its project."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import FieldError, Invalid, NotFound
from core.listing import Listing, Window
from core.models import Flow
from core.records.database import Database
from core.records.listing import part_of
from core.records.names import found_flow, locked_names
from core.records.tables import flow_aliases, flows, generations, images
from core.rest_ports import FlowLibrary

_NO_SUCH_IMAGE = "There is no such image in this project."


class SqlFlowLibrary(FlowLibrary):
    """Flows in SQL. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def ensure(
        self, project_id: str, flow_id: str, *, meta: Mapping[str, Any] | None = None
    ) -> Flow:
        """The flow, created when unknown; one that is there keeps its ``meta``."""
        now = self._clock()
        async with self._database.writing() as connection:
            await found_flow(self._database, connection, project_id, flow_id, at=now, meta=meta)
            flow = await _find(connection, project_id, flow_id)
        assert flow is not None
        return flow

    async def find(self, project_id: str, flow_id: str) -> Flow | None:
        async with self._database.reading() as connection:
            return await _find(connection, project_id, flow_id)

    async def listed(self, project_id: str, window: Window) -> Listing[Flow]:
        """Newest first. Raises Invalid (cursor)."""
        async with self._database.reading() as connection:
            part = await part_of(connection, flows, [flows.c.project_id == project_id], window)
            return part.of(await _filled(connection, project_id, part.rows))

    async def merge_aliases(
        self, project_id: str, flow_id: str, aliases: Mapping[str, str]
    ) -> Flow | None:
        """Add or move these; others stay. None for an unknown flow; raises Invalid when an
        image is not there, and changes nothing then."""
        now = self._clock()
        async with self._database.writing() as connection:
            names = await locked_names(self._database, connection, project_id, now)
            if await _find(connection, project_id, flow_id) is None:
                return None
            await _ensure_images(connection, project_id, aliases)
            for alias, image_id in aliases.items():
                await names.give_in_flow(flow_id, alias, image_id)
            await _touch(connection, project_id, flow_id, now)
            return await _find(connection, project_id, flow_id)

    async def remove_alias(self, project_id: str, flow_id: str, alias: str) -> Flow | None:
        """None for an unknown flow; raises NotFound("ALIAS") for an unknown alias."""
        held = flow_aliases.c
        freed = delete(flow_aliases).where(
            held.project_id == project_id, held.flow_id == flow_id, held.alias == alias
        )
        now = self._clock()
        async with self._database.writing() as connection:
            await locked_names(self._database, connection, project_id, now)
            if await _find(connection, project_id, flow_id) is None:
                return None
            if (await connection.execute(freed)).rowcount != 1:
                raise NotFound("ALIAS")
            await _touch(connection, project_id, flow_id, now)
            return await _find(connection, project_id, flow_id)

    async def delete(self, project_id: str, flow_id: str) -> bool:
        """Hard; its generations and images remain, without the flow."""
        held = flow_aliases.c
        freed = delete(flow_aliases).where(held.project_id == project_id, held.flow_id == flow_id)
        gone = delete(flows).where(flows.c.project_id == project_id, flows.c.id == flow_id)
        async with self._database.writing() as connection:
            await locked_names(self._database, connection, project_id, self._clock())
            await connection.execute(freed)
            for table in (generations, images):
                child = update(table).where(
                    table.c.project_id == project_id, table.c.flow_id == flow_id
                )
                await connection.execute(child.values(flow_id=None))
            return (await connection.execute(gone)).rowcount == 1


async def _find(connection: AsyncConnection, project_id: str, flow_id: str) -> Flow | None:
    query = select(flows).where(flows.c.project_id == project_id, flows.c.id == flow_id)
    rows = (await connection.execute(query)).mappings().all()
    return next(iter(await _filled(connection, project_id, rows)), None)


async def _filled(
    connection: AsyncConnection, project_id: str, rows: Sequence[RowMapping]
) -> list[Flow]:
    """The rows as flows with aliases and counts: three statements for all of them."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    aliases = await _aliases(connection, project_id, ids)
    made = await _counts(connection, generations, project_id, ids)
    kept = await _counts(connection, images, project_id, ids)
    return [
        Flow(
            **row,
            aliases=aliases[row["id"]],
            generation_count=made.get(row["id"], 0),
            image_count=kept.get(row["id"], 0),
        )
        for row in rows
    ]


async def _aliases(
    connection: AsyncConnection, project_id: str, ids: Sequence[str]
) -> defaultdict[str, dict[str, str]]:
    held = flow_aliases.c
    query = (
        select(held.flow_id, held.alias, held.image_id)
        .where(held.project_id == project_id, held.flow_id.in_(ids))
        .order_by(held.flow_id, held.alias)
    )
    aliases: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for flow_id, alias, image_id in await connection.execute(query):
        aliases[flow_id][alias] = image_id
    return aliases


async def _counts(
    connection: AsyncConnection, table: Table, project_id: str, ids: Sequence[str]
) -> dict[str, int]:
    query = (
        select(table.c.flow_id, func.count().label("children"))
        .where(table.c.project_id == project_id, table.c.flow_id.in_(ids))
        .where(table.c.deleted_at.is_(None))
        .group_by(table.c.flow_id)
    )
    return {each.flow_id: each.children for each in await connection.execute(query)}


async def _ensure_images(
    connection: AsyncConnection, project_id: str, aliases: Mapping[str, str]
) -> None:
    query = select(images.c.id).where(
        images.c.project_id == project_id,
        images.c.id.in_(sorted(set(aliases.values()))),
        images.c.deleted_at.is_(None),
    )
    known = set(await connection.scalars(query))
    unknown = [alias for alias, image_id in aliases.items() if image_id not in known]
    if unknown:
        raise Invalid(
            fields=[
                FieldError(f"aliases.{alias}", "IMAGE_NOT_FOUND", _NO_SUCH_IMAGE)
                for alias in unknown
            ]
        )


async def _touch(connection: AsyncConnection, project_id: str, flow_id: str, now: datetime) -> None:
    row = (flows.c.project_id == project_id, flows.c.id == flow_id)
    await connection.execute(update(flows).where(*row).values(updated_at=now))
