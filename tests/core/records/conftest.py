"""The records on both databases: every test that asks for them runs twice."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete

from core.models import Project
from core.records.database import Database, open_database
from core.records.flows import SqlFlowLibrary
from core.records.generations import SqlGenerations
from core.records.idempotency import SqlIdempotencyKeys
from core.records.images import SqlImageLibrary
from core.records.inventory import SqlInventory
from core.records.keys import SqlKeys
from core.records.ledger import SqlLedger
from core.records.library import SqlGenerationLibrary
from core.records.location import PostgresServer, SqliteFile, locate
from core.records.purges import SqlPurges
from core.records.schema import migrate
from core.records.tables import metadata
from core.records.tenants import SqlTenants
from tests.core.records.samples import PATIENCE, SetClock
from tests.servers.postgres import fresh_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_location(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteFile | PostgresServer:
    """A database of each kind, without any schema yet."""
    if request.param == "sqlite":
        return locate(None, tmp_path)
    return locate(request.getfixturevalue("postgres_url"), tmp_path)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    location = locate(None, tmp_path_factory.mktemp("records"))
    assert isinstance(location, SqliteFile)
    asyncio.run(migrate(location))
    return location.path


@pytest.fixture(scope="session")
def migrated_server(postgres_server: str) -> Iterator[PostgresServer]:
    with fresh_database(postgres_server) as url:
        location = PostgresServer(url)
        asyncio.run(migrate(location))
        yield location


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteFile | PostgresServer:
    """A database of each kind with the schema in place and no rows."""
    if request.param == "sqlite":
        path = tmp_path / "records.sqlite3"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        return SqliteFile(path)
    return request.getfixturevalue("migrated_server")


@pytest.fixture
async def database(location: SqliteFile | PostgresServer) -> AsyncIterator[Database]:
    async with open_database(location) as database:
        yield database
        # The server's database is shared: making one per test takes half a second.
        async with database.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                await connection.execute(delete(table))


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def tenants(database: Database, clock: SetClock) -> SqlTenants:
    return SqlTenants(database, clock)


@pytest.fixture
def keys(database: Database, clock: SetClock) -> SqlKeys:
    return SqlKeys(database, clock)


@pytest.fixture
def generations(database: Database, clock: SetClock) -> SqlGenerations:
    return SqlGenerations(database, clock)


@pytest.fixture
def ledger(database: Database, clock: SetClock) -> SqlLedger:
    return SqlLedger(database, clock.of_database)


@pytest.fixture
def library(database: Database, clock: SetClock) -> SqlGenerationLibrary:
    return SqlGenerationLibrary(database, clock)


@pytest.fixture
def images(database: Database, clock: SetClock) -> SqlImageLibrary:
    return SqlImageLibrary(database, clock)


@pytest.fixture
def flows(database: Database, clock: SetClock) -> SqlFlowLibrary:
    return SqlFlowLibrary(database, clock)


@pytest.fixture
def idempotency(database: Database) -> SqlIdempotencyKeys:
    return SqlIdempotencyKeys(database, PATIENCE)


@pytest.fixture
def inventory(database: Database, images: SqlImageLibrary) -> SqlInventory:
    return SqlInventory(database, images)


@pytest.fixture
def purges(database: Database, clock: SetClock) -> SqlPurges:
    """The journal where CDNs have to be told."""
    return SqlPurges(replace(database, announces=True), clock)


@pytest.fixture
async def project(tenants: SqlTenants) -> Project:
    return await tenants.ensure("main", "site", "page")


@pytest.fixture
async def stranger(tenants: SqlTenants) -> Project:
    return await tenants.ensure("other", "site", "page")


@pytest.fixture
def at_once() -> Callable[[int, Callable[[int], Awaitable[object]]], Awaitable[list[object]]]:
    """Run a call several times together; an error becomes its result."""

    async def run(count: int, call: Callable[[int], Awaitable[object]]) -> list[object]:
        calls = (call(number) for number in range(count))
        return await asyncio.gather(*calls, return_exceptions=True)

    return run
