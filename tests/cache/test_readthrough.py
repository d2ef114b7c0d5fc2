"""From a key to an entry: who is asked, how often, and what an error may and may not mean."""

import asyncio

import pytest

from cache.errors import (
    EntryCorrupt,
    TierUnavailable,
)
from cache.memory_tier import MemoryTier
from tests.cache.parts import (
    CountingObserver,
    Filler,
    Shelf,
    cache_of,
    entry_of,
    key_of,
    until,
)


class Untouchable:
    """A tier that must not be asked."""

    name = "network"

    def __getattr__(self, deed):
        pytest.fail(f"the network was asked to {deed}")


@pytest.fixture
def key():
    return key_of("a red lighthouse")


@pytest.fixture
def store():
    return Shelf()


@pytest.fixture
def near():
    return Shelf("redis")


@pytest.fixture
def observer():
    return CountingObserver()


async def test_a_memory_hit_touches_no_network(key):
    memory = MemoryTier(2**20)
    entry = entry_of(key)
    memory.put(key.slot, entry)
    untouchable = Untouchable()
    cache = cache_of(
        memory=memory,
        near=untouchable,
        store=untouchable,
        leases=untouchable,
        failures=untouchable,
        spool=untouchable,
    )
    assert cache.recall(key) is entry
    assert (await cache.lookup(key)).tier == "memory"
    assert (await cache.fetch(key, Filler(key), wait=1)).how == "hit"


async def test_a_thousand_lookups_are_one_round_trip(key, near, store, observer):
    store.held[key.slot] = entry_of(key)
    store.gate.clear()
    cache = cache_of(near=near, store=store, observer=observer)
    lookups = [asyncio.create_task(cache.lookup(key)) for _ in range(1000)]
    await until(lambda: store.calls["get"] == 1)
    store.gate.set()
    found = await asyncio.gather(*lookups)
    assert {(one.entry, one.tier, one.how) for one in map(_hashable, found)} == {
        (id(store.held[key.slot]), "store", "hit")
    }
    assert near.calls == {"get": 1, "put": 1}
    assert store.calls == {"get": 1}
    assert observer.seen["hit store"] == 1000


def _hashable(found):
    return type("Seen", (), {"entry": id(found.entry), "tier": found.tier, "how": found.how})


async def test_a_thousand_lookups_of_nothing_are_one_round_trip(key, near, store, observer):
    cache = cache_of(near=near, store=store, observer=observer)
    assert await asyncio.gather(*(cache.lookup(key) for _ in range(1000))) == [None] * 1000
    assert near.calls == {"get": 1}
    assert store.calls == {"get": 1}
    assert observer.seen["missed"] == 1000


async def test_what_is_found_below_is_copied_upwards(key, near, store):
    store.held[key.slot] = entry_of(key)
    cache = cache_of(near=near, store=store)
    assert (await cache.lookup(key)).tier == "store"
    assert near.held == store.held
    assert cache.recall(key) == entry_of(key)
    again = cache_of(near=near, store=Untouchable())
    assert (await again.lookup(key)).tier == "redis"
    assert again.recall(key) == entry_of(key)


async def test_a_broken_near_tier_is_passed_by(key, near, store, observer):
    near.errors = {deed: TierUnavailable("away") for deed in ("get", "put", "delete")}
    store.held[key.slot] = entry_of(key)
    cache = cache_of(near=near, store=store, observer=observer)
    assert (await cache.lookup(key)).tier == "store"
    assert observer.seen["tier_failed redis"] == 2


async def test_a_corrupt_near_entry_is_deleted_and_replaced(key, near, store, observer):
    near.errors["get"] = EntryCorrupt("flipped")
    store.held[key.slot] = entry_of(key)
    cache = cache_of(near=near, store=store, observer=observer)
    assert (await cache.lookup(key)).tier == "store"
    assert near.calls == {"get": 1, "delete": 1, "put": 1}
    assert observer.seen["corrupt redis"] == 1


@pytest.mark.parametrize("error", [TierUnavailable("403"), EntryCorrupt("flipped")])
async def test_an_error_of_the_store_is_never_a_miss(key, store, error):
    store.errors["get"] = error
    cache, fill = cache_of(store=store), Filler(key)
    with pytest.raises(type(error)):
        await cache.lookup(key)
    with pytest.raises(type(error)):
        await cache.fetch(key, fill, wait=5)
    assert fill.calls == 0


async def test_forgetting_deletes_everywhere(key, near, store):
    cache, fill = cache_of(near=near, store=store), Filler(key)
    await cache.fetch(key, fill, wait=5)
    await cache.forget(key)
    assert cache.recall(key) is None
    assert near.held == store.held == {}
    assert await cache.lookup(key) is None


async def test_forgetting_mends_a_corrupt_entry(key, store):
    store.held[key.slot] = entry_of(key)
    store.errors["get"] = EntryCorrupt("flipped")
    cache = cache_of(store=store)
    await cache.forget(key)
    assert store.held == {}


async def test_forgetting_without_the_store_is_an_error(key, store):
    store.errors["get"] = TierUnavailable("away")
    with pytest.raises(TierUnavailable):
        await cache_of(store=store).forget(key)
