"""A database that does not answer is one typed error; a wrong statement stays what it is."""

import asyncio
import sqlite3
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.errors import RecordsUnavailable
from core.models import Project
from core.records.database import Database, open_database
from core.records.keys import SqlKeys
from core.records.library import SqlGenerationLibrary
from core.records.location import PostgresServer
from core.records.records import open_records
from core.records.sqlite_engine import sqlite_reader, sqlite_writer
from core.records.tenants import SqlTenants
from tests.core.records.samples import SetClock, a_generation


async def test_a_server_that_is_not_there_is_an_outage(tmp_path: Path) -> None:
    urls = (f"postgresql://nobody@/none?host={tmp_path}", "postgres://nobody@127.0.0.1:1/none")
    for url in urls:
        with pytest.raises(RecordsUnavailable) as outage:
            async with open_records(url, tmp_path):
                pass
        assert (outage.value.status, outage.value.code) == (503, "STORE_UNAVAILABLE")
        assert outage.value.retry_after is not None


async def test_a_database_that_is_not_there_is_an_outage(
    postgres_server: str, tmp_path: Path
) -> None:
    with pytest.raises(RecordsUnavailable):
        async with open_records(postgres_server.replace("/postgres?", "/absent?"), tmp_path):
            pass


async def test_killed_connections_are_replaced_unnoticed(
    migrated_server: PostgresServer, clock: SetClock
) -> None:
    async with open_database(migrated_server) as database:
        tenants = SqlTenants(database, clock)
        await tenants.project("main", "site")
        await end_other_sessions(migrated_server.dsn)
        assert await tenants.project("main", "site") is None


async def test_a_connection_killed_at_work_is_an_outage(migrated_server: PostgresServer) -> None:
    async def work(database: Database) -> None:
        async with database.writing() as connection:
            await connection.execute(text("SELECT 1"))
            await end_other_sessions(migrated_server.dsn)
            await connection.execute(text("SELECT 1"))

    async with open_database(migrated_server) as database:
        with pytest.raises(RecordsUnavailable):
            await work(database)


async def test_a_statement_that_takes_too_long_is_an_outage(
    migrated_server: PostgresServer,
) -> None:
    async with open_database(migrated_server) as database:
        with pytest.raises(RecordsUnavailable):
            async with database.reading() as connection:
                await connection.execute(text("SELECT pg_sleep(60)"))
        async with database.reading() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1


async def test_a_file_locked_by_another_process_is_an_outage(migrated_file: Path) -> None:
    database = Database(sqlite_reader(migrated_file), sqlite_writer(migrated_file, busy=0.05))
    other = sqlite3.connect(migrated_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(RecordsUnavailable):
            async with database.writing():
                pass
        async with database.reading() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM projects")) == 0
        other.execute("ROLLBACK")
        async with database.writing() as connection:
            await connection.execute(text("SELECT 1"))
    finally:
        other.close()
        await database.reader.dispose()
        await database.writer.dispose()


async def test_a_full_disk_is_an_outage_and_recovers(tmp_path: Path) -> None:
    async with open_records(None, tmp_path) as records:
        project = await records.tenants.ensure("main", "site", "page")
        writer = records.database.writer
        async with writer.begin() as connection:
            pages = await connection.scalar(text("PRAGMA page_count"))
            await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        full = a_generation(project, prompt="x" * 1_000_000)
        with pytest.raises(RecordsUnavailable):
            await records.generations.begin(full)
        async with writer.begin() as connection:
            await connection.execute(text(f"PRAGMA max_page_count = {pages + 1000}"))
        await records.generations.begin(full)
        assert await records.generations.get(project.id, full.id) == full


async def test_a_wrong_statement_is_no_outage(
    database: Database, library: SqlGenerationLibrary, project: Project
) -> None:
    begun = a_generation(project)
    await library.insert(begun)
    with pytest.raises(IntegrityError):
        await library.insert(begun)
    with pytest.raises(DBAPIError, match="no_such_table"):
        async with database.reading() as connection:
            await connection.execute(text("SELECT * FROM no_such_table"))


async def test_callers_that_leave_in_the_middle_block_nobody(
    database: Database, keys: SqlKeys, tenants: SqlTenants, project: Project
) -> None:
    for patience in range(12):
        leaving = asyncio.create_task(keys.create(name="left", project=project))
        for _ in range(patience * 4):
            await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    key, _ = await keys.create(name="stayed", project=project)
    assert await tenants.key(key.secret_hash) == key
    async with database.writing() as connection:
        await connection.execute(text("SELECT 1"))


async def end_other_sessions(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
