"""Two identities, one slot: what somebody who builds xxh3 collisions would bring about."""

import asyncio

import pytest

from cache.entry import Key
from cache.memory_tier import MemoryTier
from tests.cache.parts import CountingObserver, Filler, Shelf, cache_of, entry_of, key_of

SLOT = "c" * 32


@pytest.fixture
def store():
    return Shelf()


@pytest.fixture
def near():
    return Shelf("redis")


@pytest.fixture
def ours():
    return key_of("ours", slot=SLOT)


@pytest.fixture
def theirs():
    return key_of("theirs", slot=SLOT)


@pytest.mark.parametrize("where", ["memory", "near", "store", "everywhere"])
async def test_a_foreign_entry_is_a_miss(ours, theirs, where):
    memory, near, store = MemoryTier(2**20), Shelf("redis"), Shelf()
    foreign, observer = entry_of(theirs), CountingObserver()
    if where in ("memory", "everywhere"):
        memory.put(SLOT, foreign)
    if where in ("near", "everywhere"):
        near.held[SLOT] = foreign
    if where in ("store", "everywhere"):
        store.held[SLOT] = foreign
    cache = cache_of(memory=memory, near=near, store=store, observer=observer)
    assert cache.recall(ours) is None
    assert await cache.lookup(ours) is None
    assert bool(observer.seen["collided"]) == (where != "memory")


async def test_both_live_on_in_their_own_slots(ours, theirs, near, store):
    cache = cache_of(near=near, store=store)
    fill_theirs, fill_ours = Filler(theirs), Filler(ours)
    await cache.fetch(theirs, fill_theirs, wait=5)
    assert (await cache.fetch(ours, fill_ours, wait=5)).how == "miss"
    assert set(store.held) == {SLOT, ours.identity}
    for fresh in (cache, cache_of(near=near, store=store), cache_of(store=store)):
        assert (await fresh.lookup(ours)).entry is fill_ours.entry
        assert (await fresh.lookup(theirs)).entry is fill_theirs.entry


async def test_a_foreign_winner_is_not_served(ours, theirs, store):
    cache, fill = cache_of(store=store), Filler(ours)
    fill.may_end.clear()
    fetch = asyncio.create_task(cache.fetch(ours, fill, wait=30))
    await fill.began.wait()
    store.held[SLOT] = entry_of(theirs)
    fill.may_end.set()
    assert (await fetch).entry is fill.entry
    assert fill.landings == [(fill.entry, True, True)]
    assert store.held[ours.identity] is fill.entry


async def test_two_flights_in_one_slot_stay_apart(ours, theirs, store):
    cache = cache_of(store=store)
    fills = Filler(ours), Filler(theirs)
    found = await asyncio.gather(
        *(cache.fetch(key, fill, wait=5) for key, fill in zip((ours, theirs), fills, strict=True))
    )
    assert [one.entry for one in found] == [fill.entry for fill in fills]


async def test_forgetting_one_leaves_the_other(ours, theirs, near, store):
    cache = cache_of(near=near, store=store)
    await cache.fetch(theirs, Filler(theirs), wait=5)
    await cache.fetch(ours, Filler(ours), wait=5)
    await cache.forget(ours)
    assert await cache.lookup(ours) is None
    assert (await cache.lookup(theirs)).entry == store.held[SLOT]


async def test_a_stale_near_entry_of_another_does_not_hide_ours(ours, theirs, near, store):
    near.held[SLOT] = entry_of(theirs)
    store.held[SLOT] = entry_of(ours)
    cache = cache_of(near=near, store=store)
    assert (await cache.lookup(ours)).entry == entry_of(ours)


def test_a_key_is_both_of_its_names(ours):
    assert ours != Key(ours.slot, "0" * 64)
