"""An entry takes another's place on purpose, and nobody fills the slot meanwhile."""

import asyncio

import pytest

from cache.entry import Entry
from cache.errors import CoordinatorUnavailable, LeaseLost
from tests.cache.parts import (
    Filler,
    ScriptedLease,
    ScriptedLeases,
    Shelf,
    cache_of,
    entry_of,
    key_of,
    until,
)

KEY = key_of("a red lighthouse")
OLD, NEW = entry_of(KEY, b"old"), entry_of(KEY, b"new")


async def found(cache):
    one = await cache.lookup(KEY)
    return one and one.entry


async def test_the_new_entry_is_found_in_place_of_the_old_one():
    store, near = Shelf(), Shelf("redis")
    store.held[KEY.slot] = near.held[KEY.slot] = OLD
    cache = cache_of(store=store, near=near)
    assert await found(cache) == OLD
    async with cache.placing(KEY) as place:
        await place.put(NEW)
    assert await found(cache) == NEW
    assert store.held == {KEY.slot: NEW}
    assert OLD not in near.held.values()


async def test_what_is_cleared_is_absent():
    store = Shelf()
    store.held[KEY.slot] = OLD
    cache = cache_of(store=store)
    async with cache.placing(KEY) as place:
        await place.put(NEW)
        await place.clear()
    assert await found(cache) is None


async def test_a_fill_waits_and_then_finds_what_was_placed():
    cache = cache_of()
    fill = Filler(KEY)
    async with cache.placing(KEY) as place:
        filling = asyncio.create_task(cache.fetch(KEY, fill, wait=30))
        await until(lambda: cache.in_flight(KEY))
        await place.put(NEW)
    assert (await filling).entry == NEW
    assert fill.calls == 0


async def test_whoever_places_waits_for_the_fill_under_way():
    cache = cache_of()
    fill = Filler(KEY)
    fill.may_end.clear()
    filling = asyncio.create_task(cache.fetch(KEY, fill, wait=30))
    await fill.began.wait()

    async def put():
        async with cache.placing(KEY) as place:
            await place.put(NEW)

    putting = asyncio.create_task(put())
    await until(lambda: not putting.done())
    fill.may_end.set()
    assert (await filling).entry == fill.entry
    await putting
    assert await found(cache) == NEW


async def test_another_identitys_slot_is_left_alone():
    store = Shelf()
    other = key_of("built to collide", slot=KEY.slot)
    store.held[KEY.slot] = entry_of(other, b"theirs")
    cache = cache_of(store=store)
    async with cache.placing(KEY) as place:
        await place.put(NEW)
    assert store.held == {KEY.slot: entry_of(other, b"theirs"), KEY.identity: NEW}
    assert await found(cache) == NEW


async def test_who_lost_the_lease_places_nothing():
    store = Shelf()
    store.held[KEY.slot] = OLD
    cache = cache_of(store=store, leases=ScriptedLeases(ScriptedLease(lost=True)))
    with pytest.raises(LeaseLost):
        async with cache.placing(KEY) as place:
            await place.put(NEW)
    assert store.held == {KEY.slot: OLD}


async def test_without_a_coordinator_nothing_is_placed():
    store = Shelf()
    cache = cache_of(store=store, leases=ScriptedLeases(CoordinatorUnavailable("away")))
    with pytest.raises(CoordinatorUnavailable):
        async with cache.placing(KEY):
            pass
    assert store.held == {}


async def test_the_entry_is_the_keys_own():
    cache = cache_of()
    with pytest.raises(ValueError, match="identity"):
        async with cache.placing(KEY) as place:
            await place.put(Entry("other", b"", {}))
