"""What is purged stays away, whoever is reading, making or keeping it at that moment."""

import asyncio
from pathlib import Path

import pytest

from cache.errors import TierUnavailable
from cache.evictions import Evictions
from cache.observer import NullObserver
from cache.spooling import directory_spool
from tests.cache.failing import Clock
from tests.cache.parts import Filler, Shelf, cache_of, entry_of, key_of, until

KEY = key_of("a lighthouse")
OLD, NEW = entry_of(KEY, b"old"), entry_of(KEY, b"new")


class PurgedFiller(Filler):
    """Learns at its landing that its entry was purged meanwhile."""

    async def landed(self, entry, *, first, stored):
        await super().landed(entry, first=first, stored=stored)
        return True


def shelved() -> tuple[Shelf, Shelf]:
    """A near tier and a store which holds the old entry."""
    near, store = Shelf("redis"), Shelf()
    store.held[KEY.slot] = OLD
    return near, store


async def test_a_lookup_under_way_reads_again_and_puts_nothing_back() -> None:
    near, store = shelved()
    gate = asyncio.Event()

    class Slow:
        """Has read the old entry, and has not handed it over yet."""

        name, held = "store", store.held
        calls = 0

        async def get(self, slot):
            found = store.held.get(slot)
            self.calls += 1
            if self.calls == 1:
                await gate.wait()
            return found

        put_first, delete = store.put_first, store.delete

    slow = Slow()
    cache = cache_of(near=near, store=slow)
    looking = asyncio.create_task(cache.lookup(KEY))
    await until(lambda: slow.calls == 1)
    assert await cache.forget(KEY)
    gate.set()
    assert await looking is None
    assert cache.recall(KEY) is None
    assert near.held == {}


async def test_a_near_copy_that_comes_after_the_purge_is_taken_back() -> None:
    near, store = shelved()
    cache = cache_of(near=near, store=store)
    putting = near.put

    async def late_put(slot, entry):
        await cache.forget(KEY)
        await putting(slot, entry)

    near.put = late_put
    found = await cache.lookup(KEY)
    assert found is not None
    assert near.held == {}
    assert cache.recall(KEY) is None


async def test_a_near_copy_is_not_believed_right_after_an_eviction() -> None:
    near, store = shelved()
    near.held[KEY.slot] = OLD
    cache = cache_of(near=near, store=store)
    await cache.evict([KEY])
    # Another process, which has not heard yet, copies what it had read before.
    near.held[KEY.slot] = OLD
    store.held[KEY.slot] = NEW
    found = await cache.lookup(KEY)
    assert found is not None
    assert found.entry == NEW


async def test_evicting_drops_copies_and_leaves_the_store() -> None:
    near, store = shelved()
    cache = cache_of(near=near, store=store)
    await cache.lookup(KEY)
    assert near.held
    await cache.evict([KEY])
    assert cache.recall(KEY) is None
    assert near.held == {}
    assert store.held == {KEY.slot: OLD}


async def test_what_an_outage_kept_from_being_dropped_does_not_come_back() -> None:
    near, store = shelved()
    near.held[KEY.slot] = OLD
    cache = cache_of(near=near, store=store)
    near.errors["delete"] = TierUnavailable("away")
    assert await cache.forget(KEY)
    assert await cache.evict_owed() == 2, "either name of it"
    near.errors.clear()
    assert near.held
    assert await cache.lookup(KEY) is None
    assert await cache.evict_owed() == 0
    assert near.held == {}


async def test_evicting_everything_empties_memory() -> None:
    cache = cache_of()
    other = key_of("another")
    for key in (KEY, other):
        await cache.put(key, entry_of(key))
    await cache.evict(None)
    assert [cache.recall(key) for key in (KEY, other)] == [None, None]


async def test_a_flight_whose_picture_was_purged_keeps_nothing() -> None:
    near, store = Shelf("redis"), Shelf()
    cache = cache_of(near=near, store=store)
    fill = PurgedFiller(KEY)
    found = await cache.fetch(KEY, fill, wait=9)
    assert found is not None
    assert (found.entry, found.purged) == (fill.entry, True)
    assert (store.held, near.held, cache.recall(KEY)) == ({}, {}, None)
    assert store.calls["put_first"] == 1, "whichever order, one of the two deletes"


async def test_everybody_who_waited_hears_that_it_was_purged() -> None:
    cache = cache_of()
    fill = PurgedFiller(KEY)
    fill.may_end.clear()
    waiting = [asyncio.create_task(cache.fetch(KEY, fill, wait=9)) for _ in range(3)]
    await fill.began.wait()
    fill.may_end.set()
    founds = await asyncio.gather(*waiting)
    assert [found.purged for found in founds if found] == [True] * 3
    assert fill.calls == 1


async def test_a_loser_leaves_the_winners_entry_to_the_winner() -> None:
    store = Shelf()
    cache = cache_of(store=store)
    fill = PurgedFiller(KEY)
    fill.may_end.clear()
    flying = asyncio.create_task(cache.fetch(KEY, fill, wait=9))
    await fill.began.wait()
    store.held[KEY.slot] = NEW
    fill.may_end.set()
    found = await flying
    assert found is not None
    assert (found.entry, found.purged) == (NEW, True)
    assert store.held == {KEY.slot: NEW}
    assert cache.recall(KEY) is None


async def test_what_was_dropped_while_it_was_made_is_stored_but_not_copied() -> None:
    near, store = Shelf("redis"), Shelf()
    cache = cache_of(near=near, store=store)
    fill = Filler(KEY)
    fill.may_end.clear()
    flying = asyncio.create_task(cache.fetch(KEY, fill, wait=9))
    await fill.began.wait()
    await cache.evict([KEY])
    fill.may_end.set()
    await flying
    assert store.held == {KEY.slot: fill.entry}
    assert (near.held, cache.recall(KEY)) == ({}, None)


async def test_the_store_is_asked_again_when_it_does_not_take_back() -> None:
    store = Shelf()
    cache = cache_of(store=store)
    deletions = store.delete

    async def delete(slot):
        if store.calls["delete"] < 1:
            store.calls["delete"] += 1
            raise TierUnavailable("not now")
        await deletions(slot)

    store.delete = delete
    await cache.fetch(KEY, PurgedFiller(KEY), wait=9)
    assert store.held == {}


@pytest.mark.parametrize("there", [True, False])
async def test_forgetting_says_whether_there_was_anything(there: bool) -> None:
    _, store = shelved()
    if not there:
        store.held.clear()
    assert await cache_of(store=store).forget(KEY) is there


async def test_forgetting_under_a_condition_leaves_what_came_later() -> None:
    _, store = shelved()
    cache = cache_of(store=store)
    assert not await cache.forget(KEY, lambda entry: entry.body == b"older")
    assert store.held == {KEY.slot: OLD}
    assert await cache.forget(KEY, lambda entry: entry.body == b"old")
    assert store.held == {}


async def test_another_identity_in_the_slot_is_never_hurt() -> None:
    store = Shelf()
    stranger = key_of("somebody else", slot=KEY.slot)
    store.held = {KEY.slot: entry_of(stranger), KEY.identity: OLD}
    assert await cache_of(store=store).forget(KEY)
    assert store.held == {KEY.slot: entry_of(stranger)}


async def test_what_waits_in_the_spool_is_dropped(tmp_path: Path) -> None:
    store = Shelf()
    store.errors["put_first"] = TierUnavailable("full")
    async with directory_spool(tmp_path, store, Shelf("redis"), NullObserver()) as spool:
        cache = cache_of(store=store, spool=spool)
        await cache.fetch(KEY, Filler(KEY), wait=9)
        assert len(spool) == 1
        await cache.unspool([KEY])
        assert await cache.lookup(KEY) is None


async def test_what_the_store_took_from_the_spool_too_late_is_deleted(tmp_path: Path) -> None:
    store, taken = Shelf(), asyncio.Event()
    store.errors["put_first"] = TierUnavailable("full")

    async def tell(key, entry):
        taken.set()

    async with directory_spool(
        tmp_path, store, Shelf("redis"), NullObserver(), first_pause=0.01, on_stored=tell
    ) as spool:
        cache = cache_of(store=store, spool=spool)
        await cache.fetch(KEY, Filler(KEY), wait=9)
        # The purge elsewhere found nothing in the store; then the store takes it after all.
        del store.errors["put_first"]
        await taken.wait()
        assert store.held
        await cache.unspool([KEY])
        assert store.held == {}


async def test_what_is_dropped_on_its_way_from_the_spool_is_taken_back(tmp_path: Path) -> None:
    store, near = Shelf(), Shelf("redis")
    store.errors["put_first"] = TierUnavailable("full")
    async with directory_spool(tmp_path, store, near, NullObserver(), first_pause=0.01) as spool:
        cache = cache_of(store=store, spool=spool)
        await cache.fetch(KEY, Filler(KEY), wait=9)
        store.gate.clear()
        del store.errors["put_first"]
        tries = store.calls["put_first"]
        async with asyncio.timeout(5):
            await until(lambda: store.calls["put_first"] > tries)
        await spool.drop(KEY)
        store.gate.set()
        async with asyncio.timeout(5):
            await until(lambda: store.calls["delete"] > 0)
        assert (store.held, near.held) == ({}, {})


def test_evictions_are_told_from_what_came_before() -> None:
    evictions = Evictions()
    before = evictions.mark
    evictions.note(["a"])
    after = evictions.mark
    assert evictions.since(before, ["a", "b"])
    assert not evictions.since(before, ["b"])
    assert not evictions.since(after, ["a"])
    evictions.note(None)
    assert evictions.since(after, ["b"])


def test_what_was_forgotten_of_evictions_is_answered_with_care() -> None:
    evictions = Evictions(bound=1)
    before = evictions.mark
    evictions.note(["a"])
    evictions.note(["b"])
    assert evictions.since(before, ["a"]), "forgotten, but not for good"
    assert not evictions.since(evictions.mark, ["a"])


def test_doubt_ends() -> None:
    clock = Clock()
    evictions = Evictions(doubt=60, clock=clock)
    evictions.note(["a"])
    assert evictions.doubtful("a")
    assert not evictions.doubtful("b")
    clock.now += 61
    assert not evictions.doubtful("a")
