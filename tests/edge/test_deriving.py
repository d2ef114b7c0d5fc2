"""The derivatives as the settings build them: records, threads, tiers and metrics together."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from cache.entry import Key
from config.loading import load
from core.models import Project
from core.variants import Wish
from edge.deriving import deriving, memory_for_derivatives
from edge.operations.first_start import prepare
from edge.parts import coordination, records, store
from tests.core.derivatives.house import BROWSER, a_master

AUTO = Wish(width=64, format="auto")


async def test_what_was_made_outlives_the_process_and_is_on_record(tmp_path: Path) -> None:
    settings = load({"EDGE_DATA_DIR": str(tmp_path)})
    key, master = a_master()
    async with records(settings) as log, coordination(settings) as fleet, store(settings) as kept:
        await prepare(settings, log.tenants, log.keys)
        project = await log.tenants.project("main", "site")
        assert project is not None
        for made in (True, False):
            registry = CollectorRegistry()
            async with deriving(settings, registry, log, fleet, kept) as derivatives:
                derived = await derivatives.of(
                    project, key, master, AUTO, exact=True, accept=BROWSER - {"image/avif"}
                )
                assert derived.made is made
            count = registry.get_sample_value("edge_derivative_seconds_count", {"format": "webp"})
            assert (count or 0) == int(made)
        (row,) = await log.derivatives.of_masters(project.id, [key.slot])
        assert row.file_size == len(derived.picture.body)
        assert await log.derivatives.bytes_of(project.id) == row.file_size
        assert await log.inventory.known_slots([row.slot]) == {row.slot}
        await _purge(settings, (log, fleet, kept), project, key)


async def _purge(settings, parts, project: Project, key: Key) -> None:
    log, _, kept = parts
    (row,) = await log.derivatives.of_masters(project.id, [key.slot])
    assert await kept.get(row.slot) is not None
    async with deriving(settings, CollectorRegistry(), *parts) as derivatives:
        assert await derivatives.erase(project.id, [key.slot]) == 1
    assert await kept.get(row.slot) is None
    assert await log.derivatives.of_masters(project.id, [key.slot]) == []


def test_the_memory_is_shared_between_masters_and_what_is_made_of_them() -> None:
    for told, size in (({}, 128 * 2**20), ({"EDGE_MEMORY_CACHE_BYTES": "0"}, 0)):
        assert memory_for_derivatives(load(told)) == size
    all_of_it = {"EDGE__DERIVATIVES__MEMORY_PERCENT": "100"}
    assert memory_for_derivatives(load(all_of_it)) == 256 * 2**20
