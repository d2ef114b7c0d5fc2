"""The attempts of a generation: the current one is its row, earlier ones are its history.

The number of an attempt is never used twice, because its account may be in the ledger.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.models import Generation
from core.records import references
from core.records.generation_rows import change, first, live, one, own
from core.records.rows import values_of
from core.records.tables import generation_history, generations, ledger

_UNCHANGING = frozenset({"id", "project_id", "created_at", "deleted_at", "attempt"})
_KEPT = tuple(column.name for column in generation_history.c if column.name != "generation_id")
_CAME_TO_NOTHING = or_(
    generations.c.status == "pending",
    and_(generations.c.status == "failed", generations.c.job_id.is_(None)),
)


async def start_anew(
    connection: AsyncConnection, generation: Generation, now: datetime
) -> Generation | None:
    """The row becomes ``generation``, pending, as its next attempt; the old one is history.

    The caller has locked the row.
    """
    project_id, generation_id = generation.project_id, generation.id
    await _copy(connection, project_id, generation_id, {})
    await _overwrite(connection, generation, {"status": "pending", "job_id": None}, now)
    return await first(connection, live(project_id, generation_id))


async def take_back(
    connection: AsyncConnection, project_id: str, generation_id: str, before: Generation | None
) -> None:
    """The row is what it was ``before`` this attempt, or gone; if nothing was spent on it."""
    query = one(project_id, generation_id).where(_CAME_TO_NOTHING).with_for_update()
    if await first(connection, query) is None:
        return
    if before is None:
        await references.drop(connection, project_id, generation_id)
        await connection.execute(delete(generation_history).where(*_of(project_id, generation_id)))
        await connection.execute(delete(generations).where(*own(project_id, generation_id)))
        return
    # Money that is still reserved needs to know how its attempt ended; else nothing is kept.
    withdrawn = {"status": literal("cancelled"), "error_code": literal("WITHDRAWN")}
    reserved = _reserved(project_id, generation_id, generations.c.attempt)
    await _copy(connection, project_id, generation_id, withdrawn, reserved)
    kept = generation_history.c.attempt
    again_current = (kept == before.attempt, ~_reserved(project_id, generation_id, kept))
    await connection.execute(
        delete(generation_history).where(*_of(project_id, generation_id), *again_current)
    )
    await _overwrite(connection, before, {}, before.updated_at)


async def _overwrite(
    connection: AsyncConnection, generation: Generation, changes: dict[str, Any], now: datetime
) -> None:
    project_id, generation_id = generation.project_id, generation.id
    row = values_of(generation)
    row = {name: value for name, value in row.items() if name not in _UNCHANGING} | changes
    anew = row | {"attempt": generations.c.attempt + 1, "updated_at": now}
    await connection.execute(change(project_id, generation_id).values(anew))
    await references.drop(connection, project_id, generation_id)
    wanted = generation.reference_image_ids
    await references.add(connection, project_id, generation_id, wanted)


async def _copy(
    connection: AsyncConnection,
    project_id: str,
    generation_id: str,
    changes: Mapping[str, ColumnElement[Any]],
    *conditions: ColumnElement[bool],
) -> None:
    columns = [changes.get(name, generations.c[name]) for name in _KEPT]
    current = select(generations.c.id, *columns).where(*own(project_id, generation_id), *conditions)
    names = ["generation_id", *_KEPT]
    await connection.execute(insert(generation_history).from_select(names, current))


def _of(project_id: str, generation_id: str) -> tuple[ColumnElement[bool], ...]:
    kept = generation_history.c
    return kept.project_id == project_id, kept.generation_id == generation_id


def _reserved(
    project_id: str, generation_id: str, attempt: ColumnElement[int]
) -> ColumnElement[bool]:
    account = ledger.c
    return exists().where(
        account.project_id == project_id,
        account.generation_id == generation_id,
        account.attempt == attempt,
        account.state == "reserved",
    )
