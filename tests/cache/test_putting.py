"""Entries that somebody brings: first come, first kept, and nothing is kept on the side."""

import pytest

from cache.entry import Entry
from cache.errors import TierUnavailable
from tests.cache.parts import Shelf, cache_of, entry_of, key_of


async def test_what_was_put_is_found_and_the_first_stands() -> None:
    store = Shelf()
    cache, key = cache_of(store=store), key_of("a")
    assert await cache.put(key, entry_of(key, b"one")) == entry_of(key, b"one")
    assert await cache.put(key, entry_of(key, b"two")) == entry_of(key, b"one")
    found = await cache.lookup(key)
    assert found is not None
    assert (found.entry.body, found.tier) == (b"one", "memory")


async def test_what_the_store_refuses_is_kept_nowhere() -> None:
    store = Shelf()
    cache, key = cache_of(store=store), key_of("a")
    store.errors["put_first"] = TierUnavailable("full")
    with pytest.raises(TierUnavailable):
        await cache.put(key, entry_of(key))
    assert await cache.lookup(key) is None


async def test_an_entry_goes_under_its_own_name_only() -> None:
    cache = cache_of()
    with pytest.raises(ValueError, match="identity"):
        await cache.put(key_of("a"), entry_of(key_of("b")))


async def test_a_taken_slot_sends_it_to_the_second() -> None:
    store = Shelf()
    cache = cache_of(store=store)
    one, two = key_of("a"), key_of("b", slot=key_of("a").slot)
    await cache.put(one, entry_of(one, b"one"))
    assert (await cache.put(two, Entry(two.identity, b"two", {}))).body == b"two"
    found = await cache.lookup(two)
    assert found is not None
    assert found.entry.body == b"two"
