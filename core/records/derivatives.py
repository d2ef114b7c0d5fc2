"""Derivatives on record: what stands in the store beside its masters, and when it was last used."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Insert, Integer, bindparam, delete, func, select, update

from core.derivatives.ports import DerivativeBook, Stored
from core.records.database import Database
from core.records.tables import derivatives, projects

# Names in one statement; databases bound what a statement may hold.
_AT_ONCE = 500
# How exactly a use is noted: more often would be writing for nothing.
_NOTED_WITHIN = timedelta(days=1)
_ROW = derivatives.c
_AT_MOST = "at_most"


class SqlDerivatives(DerivativeBook):
    """The rows in SQL. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Built once: it is executed for every derivative, and building it costs more than that.
        self._noting = _noting(database)

    async def note(self, row: Stored, *, at_most: int) -> bool:
        """Write the row, or write it anew; False when its master has ``at_most`` others."""
        values = {**asdict(row), _AT_MOST: at_most}
        async with self._database.writing() as connection:
            return (await connection.execute(self._noting, values)).rowcount == 1

    async def of_masters(self, project_id: str, master_slots: Sequence[str]) -> list[Stored]:
        found: list[Stored] = []
        async with self._database.reading() as connection:
            for slots in _parts(master_slots):
                query = select(derivatives).where(
                    _ROW.project_id == project_id, _ROW.master_slot.in_(slots)
                )
                rows = (await connection.execute(query)).mappings()
                found.extend(Stored(**row) for row in rows)
        return found

    async def least_used(self, before: datetime | None, limit: int) -> list[Stored]:
        """Of all projects, the longest unused first."""
        query = select(derivatives).where(_ROW.project_id.in_(select(projects.c.id)))
        if before is not None:
            query = query.where(_ROW.used_at < before)
        query = query.order_by(_ROW.used_at, _ROW.slot).limit(limit)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [Stored(**row) for row in rows]

    async def remove(self, rows: Collection[Stored]) -> int:
        """Those that were not written anew since they were read: how many."""
        removed = 0
        async with self._database.writing() as connection:
            for row in sorted(rows, key=lambda each: each.slot):
                gone = delete(derivatives).where(
                    _ROW.project_id == row.project_id,
                    _ROW.slot == row.slot,
                    _ROW.created_at == row.created_at,
                )
                removed += (await connection.execute(gone)).rowcount
        return removed

    async def note_used(self, project_id: str, slots: Collection[str], when: datetime) -> None:
        """These were served at ``when``; noted to within a day."""
        async with self._database.writing() as connection:
            for some in _parts(sorted(slots)):
                await connection.execute(
                    update(derivatives)
                    .where(_ROW.project_id == project_id, _ROW.slot.in_(some))
                    .where(_ROW.used_at < when - _NOTED_WITHIN)
                    .values(used_at=when)
                )

    async def bytes_of(self, project_id: str) -> int:
        """What the derivatives of a project take in the store."""
        query = select(func.coalesce(func.sum(_ROW.file_size), 0))
        async with self._database.reading() as connection:
            counted = await connection.scalar(query.where(_ROW.project_id == project_id))
        return int(counted or 0)


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]


def _noting(database: Database) -> Insert:
    """INSERT … SELECT … WHERE there are not too many others: one statement."""
    new = {column.name: bindparam(column.name, type_=column.type) for column in _ROW}
    others = (
        select(func.count())
        .select_from(derivatives)
        .where(
            _ROW.project_id == new["project_id"],
            _ROW.master_slot == new["master_slot"],
            _ROW.slot != new["slot"],
        )
        .scalar_subquery()
    )
    fresh = select(*new.values()).where(others < bindparam(_AT_MOST, type_=Integer()))
    return database.insert_newer(derivatives, fresh, list(new))
