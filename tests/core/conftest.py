"""Records that are made once and copied for every test that writes into them."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.catalog import Catalog
from core.models import Project
from core.records.location import SqliteFile, locate
from core.records.records import open_records
from core.records.schema import migrate
from tests.core.fakes import PAID
from tests.core.purge_bench import Fleet, Process


@pytest.fixture(scope="session")
def blank_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema in place and no rows; to be copied, never opened."""
    location = locate(None, tmp_path_factory.mktemp("blank"))
    assert isinstance(location, SqliteFile)
    asyncio.run(migrate(location))
    return location.path


@pytest.fixture
async def fleet(tmp_path: Path, blank_records: Path) -> AsyncIterator[Fleet]:
    """What several processes share."""
    shutil.copy(blank_records, tmp_path / blank_records.name)
    catalog = Catalog({"paid": PAID}, PAID, generator="replicate", default="paid")
    async with open_records(None, tmp_path) as records:
        yield Fleet(records, catalog)


@pytest.fixture
async def project(fleet: Fleet) -> Project:
    return await fleet.records.tenants.ensure("main", "site", "page")


@pytest.fixture
async def processes(fleet: Fleet) -> list[Process]:
    """Three of them."""
    three = [Process(fleet) for _ in range(3)]
    for process in three:
        await process.reader.start()
    return three
