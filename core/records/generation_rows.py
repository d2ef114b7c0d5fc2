"""One generation's row: how it is found, read and changed within its project."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Update, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.models import Generation
from core.records.references import generations_of
from core.records.tables import generations


async def first(connection: AsyncConnection, query: Select[Any]) -> Generation | None:
    rows = (await connection.execute(query)).mappings().all()
    found = await generations_of(connection, rows)
    return found[0] if found else None


def own(project_id: str, generation_id: str) -> tuple[ColumnElement[bool], ...]:
    return generations.c.project_id == project_id, generations.c.id == generation_id


def one(project_id: str, generation_id: str) -> Select[Any]:
    return select(generations).where(*own(project_id, generation_id))


def live(project_id: str, generation_id: str) -> Select[Any]:
    """The row, unless it is deleted."""
    return one(project_id, generation_id).where(generations.c.deleted_at.is_(None))


def change(project_id: str, generation_id: str) -> Update:
    return update(generations).where(*own(project_id, generation_id))
