"""Scopes as their owners see them: founded, changed and closed, with what was made through them."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import ScopeAlreadyExists
from core.listing import Listing, Window
from core.models import Scope
from core.records.database import Database
from core.records.listing import part_of
from core.records.rows import scope_of, values_of
from core.records.tables import budget_windows, generations, scopes
from core.scopes.ports import ScopeLibrary, ScopeRecord
from core.spending.permission import pictures_subject

_FIELDS = tuple(field.name for field in fields(Scope))


class SqlScopeLibrary(ScopeLibrary):
    """Scopes in SQL. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def insert(self, scope: Scope) -> ScopeRecord:
        """Raises ScopeAlreadyExists."""
        now = self._clock()
        row = values_of(scope) | {"created_at": now, "updated_at": now}
        async with self._database.writing() as connection:
            fresh = self._database.insert_absent(scopes).values(row)
            if (await connection.execute(fresh)).rowcount != 1:
                raise ScopeAlreadyExists
        return ScopeRecord(scope, now, now)

    async def find(self, project_id: str, slug: str) -> ScopeRecord | None:
        async with self._database.reading() as connection:
            return await _find(connection, project_id, slug)

    async def listed(self, project_id: str, window: Window) -> Listing[ScopeRecord]:
        """Newest first. Raises Invalid (cursor)."""
        async with self._database.reading() as connection:
            part = await part_of(connection, scopes, [scopes.c.project_id == project_id], window)
            return part.of(await _filled(connection, project_id, part.rows))

    async def edit(
        self, project_id: str, slug: str, change: Callable[[Scope], Scope]
    ) -> ScopeRecord | None:
        """Write what ``change`` makes of the scope as it is now; None for an unknown one.

        Raises ScopeAlreadyExists, and whatever ``change`` raises; then nothing has changed.
        """
        try:
            async with self._database.writing() as connection:
                query = _one(project_id, slug).with_for_update()
                row = (await connection.execute(query)).mappings().first()
                if row is None:
                    return None
                changed = change(_scope(row))
                await connection.execute(
                    update(scopes)
                    .where(scopes.c.project_id == project_id, scopes.c.id == row["id"])
                    .values(values_of(changed) | {"updated_at": self._clock()})
                )
                return await _find(connection, project_id, changed.slug)
        except IntegrityError as error:
            # The one rule an edit can break: a slug is one scope's.
            raise ScopeAlreadyExists from error

    async def delete(self, project_id: str, slug: str) -> str | None:
        """Hard; the id it had, or None. What was made through it remains, also what it spent."""
        gone = (
            delete(scopes)
            .where(scopes.c.project_id == project_id, scopes.c.slug == slug)
            .returning(scopes.c.id)
        )
        async with self._database.writing() as connection:
            return (await connection.scalars(gone)).first()


def _one(project_id: str, slug: str) -> Select[Any]:
    return select(scopes).where(scopes.c.project_id == project_id, scopes.c.slug == slug)


async def _find(connection: AsyncConnection, project_id: str, slug: str) -> ScopeRecord | None:
    rows = (await connection.execute(_one(project_id, slug))).mappings().all()
    return next(iter(await _filled(connection, project_id, rows)), None)


async def _filled(
    connection: AsyncConnection, project_id: str, rows: Sequence[RowMapping]
) -> list[ScopeRecord]:
    """The rows with their counters: two statements for all of them."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    taken = await _taken(connection, ids)
    newest = await _newest(connection, project_id, ids)
    return [
        ScopeRecord(
            scope=_scope(row),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            current_generations=taken.get(row["id"], 0),
            last_generated_at=newest.get(row["id"]),
        )
        for row in rows
    ]


def _scope(row: RowMapping) -> Scope:
    return scope_of({name: row[name] for name in _FIELDS})


async def _taken(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, int]:
    """How many pictures each scope's limit has counted."""
    subjects = {pictures_subject(scope_id): scope_id for scope_id in ids}
    query = select(budget_windows.c.subject, budget_windows.c.taken).where(
        budget_windows.c.subject.in_(sorted(subjects)), budget_windows.c.period == "total"
    )
    return {subjects[row.subject]: int(row.taken) for row in await connection.execute(query)}


async def _newest(
    connection: AsyncConnection, project_id: str, ids: Sequence[str]
) -> dict[str, datetime]:
    """When each scope's newest picture was begun: one look into an index for each."""
    newest = (
        select(generations.c.created_at)
        .where(generations.c.project_id == project_id, generations.c.scope_id == scopes.c.id)
        .where(generations.c.status == "success")
        .order_by(generations.c.created_at.desc(), generations.c.id.desc())
        .limit(1)
        .correlate(scopes)
        .scalar_subquery()
    )
    query = select(scopes.c.id, newest.label("newest")).where(
        scopes.c.project_id == project_id, scopes.c.id.in_(ids)
    )
    return {row.id: row.newest for row in await connection.execute(query)}
