"""What an earlier run left for the store is stored only if nobody took it away meanwhile."""

import asyncio
import os
from pathlib import Path

import pytest

from cache.entry import Entry, Key
from cache.errors import TierUnavailable
from cache.observer import NullObserver
from cache.spool import DirectorySpool
from cache.spooling import directory_spool
from tests.cache.parts import Filler, Shelf, cache_of, entry_of, key_of, until

KEY = key_of("a lighthouse")
OURS, THEIRS = entry_of(KEY, b"ours"), entry_of(KEY, b"theirs")
LEFT_AT = 1_700_000_000.0


class Judge:
    """Says what it was told to say, the last of it again and again."""

    def __init__(self, *verdicts: bool | None) -> None:
        self.verdicts = list(verdicts)
        self.asked: list[tuple[Key, Entry, float]] = []

    async def __call__(self, key: Key, entry: Entry, since: float) -> bool | None:
        self.asked.append((key, entry, since))
        return self.verdicts.pop(0) if len(self.verdicts) > 1 else self.verdicts[0]


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """With the file of an earlier run."""
    spool = DirectorySpool(tmp_path, bound=2**20)
    await spool.load()
    assert await spool.put(KEY, OURS)
    os.utime(tmp_path / f"{KEY.slot}-{KEY.identity}", (LEFT_AT, LEFT_AT))
    return tmp_path


def opened(folder, store, near, judge):
    return directory_spool(folder, store, near, NullObserver(), first_pause=0.01, wanted=judge)


async def test_what_was_taken_away_is_neither_served_nor_stored(folder):
    judge, store = Judge(False), Shelf()
    spool = DirectorySpool(folder, bound=2**20, wanted=judge)
    await spool.load()
    assert await cache_of(store=store, spool=spool).lookup(KEY) is None
    assert judge.asked == [(KEY, OURS, LEFT_AT)]
    assert (len(spool), list(folder.iterdir())) == (0, [])


async def test_what_was_taken_away_never_reaches_the_store(folder):
    store, near = Shelf(), Shelf("redis")
    async with opened(folder, store, near, Judge(False)) as spool, asyncio.timeout(5):
        await until(lambda: not list(folder.iterdir()))
        assert (store.calls["put_first"], near.held, len(spool)) == (0, {}, 0)


async def test_while_nobody_can_say_it_waits_unseen(folder):
    store, near, judge = Shelf(), Shelf("redis"), Judge(None)
    async with opened(folder, store, near, judge) as spool, asyncio.timeout(5):
        cache = cache_of(store=store, near=near, spool=spool)
        await until(lambda: len(judge.asked) > 0)
        assert await cache.lookup(KEY) is None
        assert (len(spool), store.calls["put_first"]) == (1, 0)
        judge.verdicts = [True]
        assert (await cache.lookup(KEY)).entry == OURS
        await until(lambda: len(spool) == 0)
    assert store.held == near.held == {KEY.slot: OURS}


@pytest.mark.parametrize(("verdict", "waits"), [(False, 0), (None, 1)])
async def test_what_is_taken_away_while_it_is_written_is_taken_back(folder, verdict, waits):
    store, near = Shelf(), Shelf("redis")
    async with opened(folder, store, near, Judge(True, verdict)) as spool, asyncio.timeout(5):
        await until(lambda: store.calls["delete"] > 0)
        assert (store.held, near.held, len(spool)) == ({}, {}, waits)


async def test_what_somebody_else_stored_meanwhile_stays(folder):
    store, near = Shelf(), Shelf("redis")
    store.held[KEY.slot] = THEIRS
    later = key_of("a harbour")
    async with opened(folder, store, near, Judge(True, False)) as spool, asyncio.timeout(5):
        await until(lambda: len(spool) == 0)
        # One after the other: when this one is stored, the first one is done with.
        await spool.put(later, entry_of(later))
        await until(lambda: len(spool) == 0)
    assert store.held == {KEY.slot: THEIRS, later.slot: entry_of(later)}


async def test_what_is_purged_while_it_is_copied_leaves_no_copy(folder):
    store, near = Shelf(), Shelf("redis")
    putting, slow, put = asyncio.Event(), asyncio.Event(), near.put

    async def late_put(slot, entry):
        putting.set()
        await slow.wait()
        await put(slot, entry)

    near.put = late_put
    later = key_of("a harbour")
    async with opened(folder, store, near, Judge(True)) as spool, asyncio.timeout(5):
        await putting.wait()
        await cache_of(store=store, near=near, spool=spool).unspool([KEY])
        slow.set()
        await spool.put(later, entry_of(later))
        await until(lambda: len(spool) == 0)
    assert store.held == near.held == {later.slot: entry_of(later)}


async def test_of_its_own_run_nothing_is_asked(tmp_path):
    store, judge = Shelf(), Judge(False)
    store.errors["put_first"] = TierUnavailable("503")
    async with opened(tmp_path, store, Shelf("redis"), judge) as spool, asyncio.timeout(5):
        cache, fill = cache_of(store=store, spool=spool), Filler(KEY)
        await cache.fetch(KEY, fill, wait=5)
        assert (await cache.lookup(KEY)).entry == fill.entry
        del store.errors["put_first"]
        await until(lambda: len(spool) == 0)
    assert (judge.asked, store.held) == ([], {KEY.slot: fill.entry})


async def test_what_is_made_anew_under_its_key_is_of_this_run(folder):
    spool = DirectorySpool(folder, bound=2**20, wanted=Judge(False))
    await spool.load()
    await spool.put(KEY, THEIRS)
    assert await spool.get(KEY) == THEIRS
