"""A process that starts again brings back nothing that was purged while it was away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copy

import pytest

from cache.entry import Entry, Key
from cache.null_tier import NullTier
from cache.observer import NullObserver
from cache.spool import DirectorySpool
from cache.spooling import directory_spool
from core.errors import Gone
from core.live import Answer
from core.live_request import LiveRequest
from core.models import Image
from core.purging.service import ByPrompt
from edge.keeping import booked, still_wanted
from tests.cache.parts import until
from tests.core.generation_bench import Bench, bench_in, live_ask

REQUEST = LiveRequest("a lighthouse", "1:1")


@pytest.fixture
async def bench(tmp_path: Path, blank_records: Path) -> AsyncIterator[Bench]:
    copy(blank_records, tmp_path)
    async with bench_in(tmp_path) as bench:
        yield bench


async def left(bench: Bench, folder: Path) -> Image:
    """A picture the store refused, in the spool of a process that has stopped."""
    answer = await bench.live.fetch(live_ask(bench), wait=30)
    assert isinstance(answer, Answer)
    image = await record(bench, answer.picture.image_id)
    await bench.records.inventory.mark(bench.project.id, image.id, stored=False)
    spool = DirectorySpool(folder, bound=2**30)
    await spool.load()
    assert await spool.put(live_ask(bench).key, bench.store.entries.pop(image.slot))
    return image


async def record(bench: Bench, image_id: str) -> Image:
    found = await bench.records.images.find(bench.project.id, image_id, include_deleted=True)
    assert found is not None
    return found


async def started(bench: Bench, folder: Path) -> list[Key]:
    """The process starts again, and its spool empties: what of it the store took."""
    log, taken = bench.records, list[Key]()
    book = booked(log.shelf)

    async def note(key: Key, entry: Entry) -> None:
        taken.append(key)
        await book(key, entry)
        noted.set()

    noted = asyncio.Event()
    bench.build()
    async with (
        asyncio.timeout(10),
        directory_spool(
            folder,
            bench.store,
            NullTier(),
            NullObserver(),
            on_stored=note,
            wanted=still_wanted(log.leftovers),
        ) as spool,
    ):
        await until(lambda: len(spool) == 0)
        if taken or bench.store.entries:
            await noted.wait()
    return taken


@pytest.mark.parametrize("tombstone", [True, False])
async def test_a_purged_picture_is_not_put_back(
    bench: Bench, tmp_path: Path, tombstone: bool
) -> None:
    image = await left(bench, tmp_path / "spool")
    await bench.purging.purge(bench.project, ByPrompt(REQUEST), tombstone=tombstone)
    assert await started(bench, tmp_path / "spool") == []
    assert bench.store.entries == {}
    after = await record(bench, image.id)
    assert (after.deleted_at is not None, after.stored) == (True, False)
    if tombstone:
        with pytest.raises(Gone):
            await bench.live.fetch(live_ask(bench), wait=5)


async def test_a_picture_nobody_purged_is_stored_at_last(bench: Bench, tmp_path: Path) -> None:
    image = await left(bench, tmp_path / "spool")
    assert await started(bench, tmp_path / "spool") == [live_ask(bench).key]
    assert list(bench.store.entries) == [image.slot]
    assert (await record(bench, image.id)).stored
