"""The application most tests here ask, over records that are opened once."""

from collections.abc import AsyncIterator

import pytest

from core.records.records import Records, open_records
from tests.edge.api.library_app import LibraryApp, Neighbours, library_app, neighbours


@pytest.fixture(scope="session")
async def library(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Records, Neighbours]]:
    async with open_records(None, tmp_path_factory.mktemp("records")) as records:
        yield records, await neighbours(records)


@pytest.fixture
async def app(library: tuple[Records, Neighbours]) -> AsyncIterator[LibraryApp]:
    async with library_app(*library) as running:
        yield running
