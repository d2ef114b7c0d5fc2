"""A studio over fresh records."""

from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copy

import pytest

from tests.core.generation_bench import bench_in
from tests.core.scopes.studio import Studio, studio_of


@pytest.fixture
async def studio(tmp_path: Path, blank_records: Path) -> AsyncIterator[Studio]:
    copy(blank_records, tmp_path)
    async with bench_in(tmp_path) as bench:
        scope = await bench.records.tenants.scope(bench.project.id, "page")
        assert scope is not None
        yield studio_of(bench, scope)
