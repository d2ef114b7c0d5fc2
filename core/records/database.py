"""One way to read and one way to write, whatever database is behind them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import anyio
from sqlalchemy import Column, Insert, Select, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.records.location import PostgresServer, SqliteFile
from core.records.outages import outages_named
from core.records.postgres_engine import postgres_engine
from core.records.sqlite_engine import sqlite_reader, sqlite_writer

AbsentInsert = postgresql.Insert | sqlite.Insert


@dataclass(frozen=True, slots=True)
class Database:
    """``writer`` has one connection where the database admits one writer: its pool is the queue.

    ``announces``: somebody tells CDNs, so whatever takes pictures away writes down what to tell.
    """

    reader: AsyncEngine
    writer: AsyncEngine
    announces: bool = False

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose statements stand each for themselves. Raises RecordsUnavailable."""
        with outages_named():
            async with self.reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at the end, undone by any error. Raises RecordsUnavailable."""
        with outages_named():
            async with self.writer.begin() as connection:
                yield connection

    def insert_absent(self, table: Table) -> AbsentInsert:
        """An INSERT that leaves a row which is already there as it is."""
        if self.writer.dialect.name == "sqlite":
            return sqlite.insert(table).on_conflict_do_nothing()
        return postgresql.insert(table).on_conflict_do_nothing()

    def insert_adding(self, counter: Column[int], rows: Sequence[Mapping[str, Any]]) -> Insert:
        """An INSERT of these rows that adds to ``counter`` where a row is already there."""
        table = counter.table
        key = table.primary_key.columns.keys()
        kind = sqlite.insert if self.writer.dialect.name == "sqlite" else postgresql.insert
        fresh = kind(table).values(rows)
        added = {counter.name: counter + fresh.excluded[counter.name]}
        return fresh.on_conflict_do_update(index_elements=key, set_=added)

    def insert_newer(self, table: Table, rows: Select[Any], names: Sequence[str]) -> Insert:
        """An INSERT of the columns ``names`` that writes over a row which is already there, as
        long as it is of the same project."""
        key = table.primary_key.columns.keys()
        kind = sqlite.insert if self.writer.dialect.name == "sqlite" else postgresql.insert
        fresh = kind(table).from_select(names, rows)
        return fresh.on_conflict_do_update(
            index_elements=key,
            set_={name: fresh.excluded[name] for name in names if name not in key},
            where=table.c.project_id == fresh.excluded.project_id,
        )


async def database_time(connection: AsyncConnection) -> datetime:
    """The database's clock: one for all machines, however wrong their own may be."""
    now = (await connection.execute(select(func.now()))).scalar_one()
    return now.astimezone(UTC) if now.tzinfo else now.replace(tzinfo=UTC)


@asynccontextmanager
async def open_database(
    location: SqliteFile | PostgresServer, *, announces: bool = False
) -> AsyncIterator[Database]:
    """Pools to a database whose schema is in place; connections are made when first needed."""
    database = _sqlite(location) if isinstance(location, SqliteFile) else _postgres(location)
    database = replace(database, announces=announces)
    try:
        yield database
    finally:
        with anyio.CancelScope(shield=True):
            await database.reader.dispose()
            await database.writer.dispose()


def _sqlite(location: SqliteFile) -> Database:
    return Database(sqlite_reader(location.path), sqlite_writer(location.path))


def _postgres(location: PostgresServer) -> Database:
    engine = postgres_engine(location.dsn)
    # Reads outside of a transaction save two round trips each.
    reader = engine.execution_options(isolation_level="AUTOCOMMIT")
    return Database(reader, engine)
