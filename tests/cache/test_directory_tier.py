"""The directory as a store: atomic, durable, and honest about what is not there."""

import asyncio
import multiprocessing
import os
import shutil
import threading

import anyio
import pytest

from cache.directory_tier import directory_tier
from cache.errors import TierUnavailable
from tests.cache.parts import entry_of, key_of

KEY = key_of("a")


async def test_twelve_threads_race_and_one_is_first(tmp_path):
    async with directory_tier(tmp_path) as tier:
        barrier, linked = threading.Barrier(12), []

        def race(number):
            barrier.wait()
            linked.append(tier._link(KEY.slot, b"%d" % number))

        limiter = anyio.CapacityLimiter(12)
        async with anyio.create_task_group() as racers:
            for number in range(12):
                racers.start_soon(
                    lambda n=number: anyio.to_thread.run_sync(race, n, limiter=limiter)
                )
    assert sorted(linked) == [False] * 11 + [True]


def _race_in_process(folder, number, barrier, results):
    async def race():
        async with directory_tier(folder) as tier:
            barrier.wait()
            winner = await tier.put_first(KEY.slot, entry_of(KEY, b"%d" % number))
            results.put((number, winner.body))

    asyncio.run(race())


def test_four_processes_race_and_all_hold_the_same(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.Queue()
    racers = [
        context.Process(target=_race_in_process, args=(tmp_path, number, barrier, results))
        for number in range(4)
    ]
    for racer in racers:
        racer.start()
    outcomes = [results.get(timeout=60) for _ in racers]
    for racer in racers:
        racer.join()
    results.close()
    results.join_thread()
    assert len({body for _, body in outcomes}) == 1


async def test_twelve_writers_get_the_winner_s_entry(tmp_path):
    async with directory_tier(tmp_path) as tier:
        standing = await asyncio.gather(
            *(tier.put_first(KEY.slot, entry_of(KEY, b"%d" % number)) for number in range(12))
        )
        assert len({entry.body for entry in standing}) == 1
        assert not list((tmp_path / "incoming").iterdir())


async def test_what_a_crash_left_is_removed_at_the_start(tmp_path):
    async with directory_tier(tmp_path):
        pass
    old, fresh = tmp_path / "incoming" / "old", tmp_path / "incoming" / "fresh"
    for leftover in (old, fresh):
        leftover.write_bytes(b"half a pict")
    os.utime(old, (0, 0))
    async with directory_tier(tmp_path) as tier:
        assert not old.exists()
        assert fresh.exists(), "another process may be writing it"
        assert await tier.get(KEY.slot) is None


async def test_an_unmounted_volume_is_no_absence(tmp_path):
    root = tmp_path / "volume"
    async with directory_tier(root) as tier:
        await tier.put_first(KEY.slot, entry_of(KEY))
        shutil.rmtree(root)
        root.mkdir()
        with pytest.raises(TierUnavailable):
            await tier.get(KEY.slot)
        with pytest.raises(TierUnavailable):
            await tier.put_first(KEY.slot, entry_of(KEY))
        with pytest.raises(TierUnavailable):
            await anext(tier.slots())


async def test_files_that_are_no_pictures_are_not_named(tmp_path):
    async with directory_tier(tmp_path) as tier:
        await tier.put_first(KEY.slot, entry_of(KEY))
        for stray in ("incoming/aa", "lost+found/aa/aabb", "read-me", f"aa/bb/{KEY.slot}"):
            path = tmp_path / stray
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        assert [slot async for slot in tier.slots()] == [KEY.slot]


async def test_what_cannot_be_read_is_no_absence(tmp_path):
    async with directory_tier(tmp_path) as tier:
        path = tier.path_of(KEY.slot)
        path.mkdir(parents=True)
        with pytest.raises(TierUnavailable):
            await tier.get(KEY.slot)
        path.rmdir()
        path.parent.rmdir()
        path.parent.write_text("a file where a folder should be")
        with pytest.raises(TierUnavailable):
            await tier.get(KEY.slot)


async def test_a_place_that_cannot_be_used_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TierUnavailable, match="must be writable"):
        async with directory_tier(tmp_path / "file" / "pictures"):
            pass


async def test_a_stored_file_is_still_the_picture(tmp_path):
    async with directory_tier(tmp_path) as tier:
        await tier.put_first(KEY.slot, entry_of(KEY, b"\x89PNG..."))
        assert tier.path_of(KEY.slot).read_bytes().startswith(b"\x89PNG...")
        assert tier.path_of(KEY.slot).relative_to(tmp_path).parts == (
            KEY.slot[:2],
            KEY.slot[2:4],
            KEY.slot,
        )
