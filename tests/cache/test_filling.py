"""A fill: made once, shared by all, and never lost by those who leave."""

import asyncio

import pytest

from cache.errors import (
    Draining,
    FillFailed,
    FlightBroken,
    FlightsFull,
)
from cache.failures import LocalFailures
from tests.cache.parts import (
    CountingObserver,
    Filler,
    ScriptedLease,
    ScriptedLeases,
    Shelf,
    cache_of,
    entry_of,
    key_of,
    until,
)


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


async def test_a_herd_is_filled_once(key, near, store, observer):
    cache, fill = cache_of(near=near, store=store, observer=observer), Filler(key)
    fill.may_end.clear()
    fetches = [asyncio.create_task(cache.fetch(key, fill, wait=30)) for _ in range(1000)]
    await fill.began.wait()
    assert cache.in_flight(key)
    fill.may_end.set()
    found = await asyncio.gather(*fetches)
    assert [one.how for one in found] == ["miss"] + ["coalesced"] * 999
    assert all(one.entry is fill.entry and one.tier == "fill" and one.stored for one in found)
    assert fill.calls == 1
    assert fill.landings == [(fill.entry, True, True)]
    assert store.held == near.held == {key.slot: fill.entry}
    assert cache.recall(key) is fill.entry
    assert not cache.in_flight(key)
    assert observer.seen["flight_started"] == 1
    assert observer.seen["joined"] == 999
    assert observer.seen["filled stored"] == 1


async def test_the_winner_of_a_lease_looks_again(key, near, store):
    """Another process fills the slot between this one's miss and its lease."""
    cache_ours, fill = None, Filler(key)

    def meanwhile():
        store.held[key.slot] = entry_of(key, b"theirs")
        return ScriptedLease()

    cache_ours = cache_of(near=near, store=store, leases=ScriptedLeases(meanwhile))
    assert await cache_ours.lookup(key) is None
    found = await cache_ours.fetch(key, fill, wait=5)
    assert (found.entry.body, found.how, fill.calls) == (b"theirs", "hit", 0)


async def test_the_winner_of_a_lease_recalls_failures_again(key):
    """Another process fails between this one's look and its lease."""
    failures, fill = LocalFailures(), Filler(key)

    def meanwhile():
        failures.note(key.identity, FillFailed({"code": "X"}, remember=5))
        return lease

    lease = ScriptedLease()
    cache = cache_of(failures=failures, leases=ScriptedLeases(meanwhile))
    with pytest.raises(FillFailed):
        await cache.fetch(key, fill, wait=5)
    assert (fill.calls, lease.released) == (0, 1)


async def test_the_order_is_store_landed_near_memory_lease(key):
    """Nobody is woken, and no lease given back, before the store has answered."""
    order = []

    class Noted(Shelf):
        async def _enter(self, deed):
            order.append(f"{self.name} {deed}")
            await super()._enter(deed)

    class NotedLease(ScriptedLease):
        async def release(self):
            order.append("release")

    class NotedFiller(Filler):
        async def __call__(self, lease):
            order.append("fill")
            return await super().__call__(lease)

        async def landed(self, entry, *, first, stored):
            order.append("landed")

    cache = cache_of(near=Noted("redis"), store=Noted(), leases=ScriptedLeases(NotedLease()))
    await cache.fetch(key, NotedFiller(key), wait=5)
    assert order == [
        "redis get", "store get", "fill", "store put_first", "landed", "redis put", "release",
    ]  # fmt: skip


async def test_leaving_callers_change_nothing(key, store):
    cache, fill = cache_of(store=store), Filler(key)
    fill.may_end.clear()
    fetches = [asyncio.create_task(cache.fetch(key, fill, wait=30)) for _ in range(50)]
    await fill.began.wait()
    for fetch in fetches:
        fetch.cancel()
    await asyncio.wait(fetches)
    fill.may_end.set()
    await until(lambda: not cache.in_flight(key))
    assert store.held[key.slot] is fill.entry


async def test_a_wait_that_runs_out_leaves_the_flight_alone(key, store):
    cache, fill = cache_of(store=store), Filler(key)
    fill.may_end.clear()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await cache.fetch(key, fill, wait=0.05) is None
    assert loop.time() - began < 1
    assert await cache.fetch(key, fill, wait=0) is None
    fill.may_end.set()
    await until(lambda: not cache.in_flight(key))
    assert (await cache.lookup(key)).entry is fill.entry
    assert fill.calls == 1


async def test_a_wait_of_nothing_starts_the_work(key):
    cache, fill = cache_of(), Filler(key)
    fill.may_end.clear()
    assert await cache.fetch(key, fill, wait=0) is None
    await fill.began.wait()
    fill.may_end.set()
    await until(lambda: not cache.in_flight(key))
    assert (await cache.fetch(key, fill, wait=0)).tier == "memory"


async def test_a_failure_is_shared_and_remembered(key):
    failure = FillFailed({"code": "GENERATOR_BUSY"}, remember=7)
    cache, fill = cache_of(), Filler(key, error=failure)
    fill.may_end.clear()
    fetches = [asyncio.create_task(cache.fetch(key, fill, wait=30)) for _ in range(20)]
    await fill.began.wait()
    fill.may_end.set()
    results = await asyncio.gather(*fetches, return_exceptions=True)
    assert len({id(result) for result in results}) == 1
    assert results[0].payload == {"code": "GENERATOR_BUSY"}
    assert results[0].remember == pytest.approx(7, abs=0.5)
    with pytest.raises(FillFailed):
        await cache.fetch(key, fill, wait=30)
    assert fill.calls == 1


async def test_a_failure_not_to_be_remembered_is_tried_again(key):
    cache = cache_of()
    fill = Filler(key, error=FillFailed({"code": "BUSY"}, remember=0))
    for _ in range(2):
        with pytest.raises(FillFailed):
            await cache.fetch(key, fill, wait=5)
    assert fill.calls == 2


@pytest.mark.parametrize(
    ("error", "told"), [(MemoryError(), MemoryError), (asyncio.CancelledError(), FlightBroken)]
)
async def test_whatever_ends_a_fill_wakes_everybody(key, error, told):
    lease = ScriptedLease()
    cache, fill = cache_of(leases=ScriptedLeases(lease)), Filler(key, error=error)
    fill.may_end.clear()
    fetches = [asyncio.create_task(cache.fetch(key, fill, wait=30)) for _ in range(20)]
    await fill.began.wait()
    fill.may_end.set()
    results = await asyncio.gather(*fetches, return_exceptions=True)
    assert {type(result) for result in results} == {told}
    assert lease.released == 1


async def test_the_loser_of_a_race_serves_the_winner_s_entry(key, near, store):
    cache, fill = cache_of(near=near, store=store), Filler(key)
    fill.may_end.clear()
    fetch = asyncio.create_task(cache.fetch(key, fill, wait=30))
    await fill.began.wait()
    winner = store.held[key.slot] = entry_of(key, b"theirs")
    fill.may_end.set()
    found = await fetch
    assert found.entry is winner
    assert fill.landings == [(winner, False, True)]
    assert near.held[key.slot] is winner
    assert cache.recall(key) is winner


async def test_a_fill_that_breaks_its_word_does_not_cost_the_entry(key):
    class Rude(Filler):
        async def landed(self, entry, *, first, stored):
            raise RuntimeError("against the contract")

    cache, fill = cache_of(), Rude(key)
    assert (await cache.fetch(key, fill, wait=30)).entry is fill.entry


async def test_an_entry_of_another_identity_is_not_stored(key, store):
    cache, fill = cache_of(store=store), Filler(key)
    fill.entry = entry_of(key_of("something else"))
    with pytest.raises(ValueError, match="another identity"):
        await cache.fetch(key, fill, wait=30)
    assert not store.held


async def test_too_many_flights_and_waiters_are_refused_at_once(key):
    cache, fill = cache_of(max_flights=1, max_waiters=2), Filler(key)
    fill.may_end.clear()
    fetches = [asyncio.create_task(cache.fetch(key, fill, wait=30)) for _ in range(2)]
    await fill.began.wait()
    with pytest.raises(FlightsFull):
        await cache.fetch(key, fill, wait=30)
    other = key_of("another")
    with pytest.raises(FlightsFull):
        await cache.fetch(other, Filler(other), wait=30)
    fill.may_end.set()
    await asyncio.gather(*fetches)


async def test_draining_finishes_flights_and_starts_none(key, store):
    cache, fill = cache_of(store=store), Filler(key)
    other = key_of("another")
    store.held[other.slot] = entry_of(other)
    fill.may_end.clear()
    fetch = asyncio.create_task(cache.fetch(key, fill, wait=30))
    await fill.began.wait()
    draining = asyncio.create_task(cache.drain(30))
    await asyncio.sleep(0)
    third = key_of("third")
    with pytest.raises(Draining):
        await cache.fetch(third, Filler(third), wait=30)
    assert (await cache.lookup(other)).how == "hit"
    fill.may_end.set()
    assert await draining == 0
    assert (await fetch).entry is fill.entry


async def test_draining_hands_over_what_takes_too_long(key):
    lease = ScriptedLease()
    cache, fill = cache_of(leases=ScriptedLeases(lease)), Filler(key)
    fill.may_end.clear()
    fetch = asyncio.create_task(cache.fetch(key, fill, wait=30))
    await fill.began.wait()
    assert await cache.drain(0) == 1
    with pytest.raises(Draining):
        await fetch
    assert lease.released == 1
