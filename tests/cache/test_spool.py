"""A paid picture the store refuses is served, kept, and stored later."""

import asyncio
import shutil

import pytest

from cache.errors import TierUnavailable
from cache.null_tier import NullTier
from cache.observer import NullObserver
from cache.spool import DirectorySpool
from cache.spooling import directory_spool
from tests.cache.parts import CountingObserver, Filler, Shelf, cache_of, entry_of, key_of, until

KEY = key_of("a")


def impatient_spool(folder, store, near, observer, **options):
    """A spool that does not wait long before it offers again."""
    return directory_spool(folder, store, near, observer, first_pause=0.01, **options)


@pytest.fixture
def store():
    store = Shelf()
    store.errors["put_first"] = TierUnavailable("503")
    return store


async def _emptied(spool):
    async with asyncio.timeout(5):
        await until(lambda: len(spool) == 0)


async def test_a_refused_entry_is_served_spooled_and_stored_later(tmp_path, store):
    near, observer, fill = Shelf("redis"), CountingObserver(), Filler(KEY)
    taken = []

    async def on_stored(key, entry):
        taken.append((key, entry))

    async with impatient_spool(tmp_path, store, near, observer, on_stored=on_stored) as spool:
        cache = cache_of(near=near, store=store, spool=spool, observer=observer)
        found = await cache.fetch(KEY, fill, wait=5)
        assert (found.entry, found.stored) == (fill.entry, False)
        assert fill.landings == [(fill.entry, True, False)]
        assert observer.seen["spooled"] == observer.seen["filled unstored"] == 1
        again = await cache.lookup(KEY)
        assert (again.entry, again.stored) == (fill.entry, False)
        assert near.held[KEY.slot] == fill.entry
        assert fill.calls == 1
        del store.errors["put_first"]
        await _emptied(spool)
        await until(lambda: taken == [(KEY, fill.entry)])
        assert store.held[KEY.slot] == fill.entry
        assert (await cache.lookup(KEY)).stored
    assert not list(tmp_path.iterdir())


async def test_an_absence_in_the_store_does_not_hide_what_waits(tmp_path, store):
    fill = Filler(KEY)
    async with impatient_spool(tmp_path, store, NullTier(), NullObserver()) as spool:
        cache = cache_of(store=store, spool=spool)
        await cache.fetch(KEY, fill, wait=5)
        assert (await cache.fetch(KEY, fill, wait=5)).entry == fill.entry
        assert fill.calls == 1


async def test_a_restart_goes_on_with_what_waits(tmp_path, store):
    async with impatient_spool(tmp_path, store, NullTier(), NullObserver()) as spool:
        assert await spool.put(KEY, entry_of(KEY))
    del store.errors["put_first"]
    (tmp_path / "0123.new").write_bytes(b"left by a crash")
    async with impatient_spool(tmp_path, store, NullTier(), NullObserver()) as spool:
        await _emptied(spool)
    assert store.held == {KEY.slot: entry_of(KEY)}


async def test_somebody_else_s_entry_corrects_the_near_tier(tmp_path, store):
    near, theirs = Shelf("redis"), entry_of(KEY, b"theirs")
    near.held[KEY.slot] = entry_of(KEY, b"ours")
    store.held[KEY.slot] = theirs
    async with impatient_spool(tmp_path, store, near, NullObserver()) as spool:
        await spool.put(KEY, entry_of(KEY, b"ours"))
        del store.errors["put_first"]
        await _emptied(spool)
    assert near.held[KEY.slot] == theirs


async def test_a_collision_goes_to_its_own_slot(tmp_path, store):
    other = key_of("other", slot=KEY.slot)
    store.held[KEY.slot] = entry_of(other)
    async with impatient_spool(tmp_path, store, NullTier(), NullObserver()) as spool:
        await spool.put(KEY, entry_of(KEY))
        del store.errors["put_first"]
        await _emptied(spool)
    assert store.held == {KEY.slot: entry_of(other), KEY.identity: entry_of(KEY)}


async def test_the_spool_is_bounded(tmp_path):
    spool = DirectorySpool(tmp_path, bound=1_000)
    await spool.load()
    assert await spool.put(KEY, entry_of(KEY, b"x" * 500))
    other = key_of("b")
    assert not await spool.put(other, entry_of(other, b"x" * 500))
    assert await spool.get(other) is None


async def test_a_spool_that_cannot_be_written_is_no_failed_request(tmp_path, store):
    folder = tmp_path / "spool"
    async with impatient_spool(folder, store, NullTier(), NullObserver()) as spool:
        shutil.rmtree(folder)
        fill = Filler(KEY)
        found = await cache_of(store=store, spool=spool).fetch(KEY, fill, wait=5)
        assert (found.entry, found.stored, len(spool)) == (fill.entry, False, 0)


async def test_a_damaged_file_is_not_served(tmp_path):
    spool = DirectorySpool(tmp_path, bound=2**20)
    await spool.load()
    await spool.put(KEY, entry_of(KEY))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    assert await spool.get(KEY) is None
