"""Records that are made once and copied for every test that writes into them."""

import asyncio
from pathlib import Path

import pytest

from core.records.location import SqliteFile, locate
from core.records.schema import migrate


@pytest.fixture(scope="session")
def blank_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema in place and no rows; to be copied, never opened."""
    location = locate(None, tmp_path_factory.mktemp("blank"))
    assert isinstance(location, SqliteFile)
    asyncio.run(migrate(location))
    return location.path
