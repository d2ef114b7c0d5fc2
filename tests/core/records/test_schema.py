"""The schema: what the revisions build is what the code expects, on both databases."""

import asyncio
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, inspect, text

from core.records.database import open_database
from core.records.location import PostgresServer, SqliteFile
from core.records.outages import RecordsUnusable
from core.records.revision import missing_revisions
from core.records.schema import migrate
from core.records.tables import metadata

Location = SqliteFile | PostgresServer
REVISIONS = ["0001", "0002", "0003"]


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return compare_metadata(context, metadata)


def checks(connection: Connection) -> set[tuple[str, str | None]]:
    inspector = inspect(connection)
    return {
        (table, check["name"])
        for table in metadata.tables
        for check in inspector.get_check_constraints(table)
    }


async def test_the_revisions_build_the_tables_of_the_code(empty_location: Location) -> None:
    await migrate(empty_location)
    async with open_database(empty_location) as database, database.writing() as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(checks) == {
            (table.name, constraint.name)
            for table in metadata.tables.values()
            for constraint in table.constraints
            if isinstance(constraint, CheckConstraint)
        }


async def test_a_missing_column_would_be_seen(empty_location: Location) -> None:
    await migrate(empty_location)
    async with open_database(empty_location) as database, database.writing() as connection:
        await connection.execute(text("ALTER TABLE images DROP COLUMN generation_id"))
        assert [change[0] for change in await connection.run_sync(differences)] == ["add_column"]


async def test_migrating_again_changes_nothing(empty_location: Location) -> None:
    assert await migrate(empty_location) == REVISIONS
    assert await migrate(empty_location) == []


async def test_asking_what_is_missing_changes_nothing(empty_location: Location) -> None:
    for _ in range(2):
        assert await missing_revisions(empty_location) == REVISIONS
    if isinstance(empty_location, SqliteFile):
        assert not empty_location.path.exists()
    await migrate(empty_location)
    assert await missing_revisions(empty_location) == []


async def test_five_starts_at_once_migrate_once(empty_location: Location) -> None:
    applied = await asyncio.gather(*(migrate(empty_location) for _ in range(5)))
    assert sorted(applied) == [[], [], [], [], REVISIONS]


async def test_a_newer_schema_is_refused_and_left_alone(empty_location: Location) -> None:
    await migrate(empty_location)
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    async with open_database(empty_location) as database:
        async with database.writing() as connection:
            await connection.execute(newer)
        with pytest.raises(RecordsUnusable, match="9999"):
            await migrate(empty_location)
        with pytest.raises(RecordsUnusable, match="9999"):
            await missing_revisions(empty_location)
        async with database.reading() as connection:
            kept = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert kept == "9999"


async def test_a_failed_migration_leaves_nothing_behind(empty_location: Location) -> None:
    async with open_database(empty_location) as database:
        await _prepare(empty_location)
        async with database.writing() as connection:
            # The last table of the revision is already there, so the revision must fail.
            await connection.execute(text("CREATE TABLE budget_windows (id TEXT)"))
        with pytest.raises(Exception, match="budget_windows"):
            await migrate(empty_location)
        async with database.writing() as connection:
            names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert names == ["budget_windows"]


async def _prepare(location: Location) -> None:
    if isinstance(location, SqliteFile):
        location.path.touch()
