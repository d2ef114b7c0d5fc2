"""A fill among machines: leases lost, won and awaited, with every answer in the test's hand."""

import asyncio

import pytest

from cache.errors import (
    CoordinatorUnavailable,
    FillFailed,
    LeaseLost,
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


async def test_without_a_coordinator_nothing_is_filled(key, store):
    away = CoordinatorUnavailable("away")
    cache, fill = cache_of(store=store, leases=ScriptedLeases(away, away)), Filler(key)
    with pytest.raises(CoordinatorUnavailable):
        await cache.fetch(key, fill, wait=30)
    store.held[key.slot] = entry_of(key)
    assert (await cache.fetch(key, fill, wait=30)).how == "hit"
    assert fill.calls == 0
    assert not cache.in_flight(key)


async def test_another_machine_s_entry_is_awaited(key, store, observer):
    leases = ScriptedLeases(None)
    cache, fill = cache_of(store=store, leases=leases, observer=observer), Filler(key)
    fetch = asyncio.create_task(cache.fetch(key, fill, wait=30))
    await until(lambda: leases.waits == 1)
    store.held[key.slot] = entry_of(key, b"theirs")
    leases.free.set()
    found = await fetch
    assert (found.entry.body, found.how, found.tier) == (b"theirs", "coalesced", "store")
    assert fill.calls == 0
    assert observer.seen["lease_waited"] == 1


async def test_a_dead_machine_s_work_is_taken_over(key, observer):
    leases = ScriptedLeases(None)
    leases.free.set()
    cache, fill = cache_of(leases=leases, observer=observer), Filler(key)
    found = await cache.fetch(key, fill, wait=30)
    assert (found.how, fill.calls) == ("miss", 1)
    assert observer.seen["took_over"] == 1


async def test_another_machine_s_failure_is_shared(key):
    leases, failures = ScriptedLeases(None), LocalFailures()
    cache, fill = cache_of(leases=leases, failures=failures), Filler(key)
    fetch = asyncio.create_task(cache.fetch(key, fill, wait=30))
    await until(lambda: leases.waits == 1)
    failures.note(key.identity, FillFailed({"code": "X"}, remember=5))
    leases.free.set()
    with pytest.raises(FillFailed):
        await fetch
    assert fill.calls == 0


async def test_a_coordinator_lost_while_waiting_ends_the_wait(key):
    leases = ScriptedLeases(None)
    leases.wait_error = CoordinatorUnavailable("away")
    leases.free.set()
    cache, fill = cache_of(leases=leases), Filler(key)
    with pytest.raises(CoordinatorUnavailable):
        await cache.fetch(key, fill, wait=30)
    assert fill.calls == 0


async def test_patience_with_a_lease_ends(key):
    leases = ScriptedLeases(*[None] * 50)
    leases.free.set()
    cache, fill = cache_of(leases=leases, patience=0), Filler(key)
    with pytest.raises(CoordinatorUnavailable):
        await cache.fetch(key, fill, wait=30)
    assert (leases.waits, fill.calls) == (0, 0)


async def test_a_lost_lease_starts_nothing_and_everything_is_tried_again(key, observer):
    lost, held = ScriptedLease(lost=True), ScriptedLease()

    class Careful(Filler):
        async def __call__(self, lease):
            lease.ensure_held()
            return await super().__call__(lease)

    cache = cache_of(leases=ScriptedLeases(lost, held), observer=observer)
    fill = Careful(key)
    assert (await cache.fetch(key, fill, wait=30)).entry is fill.entry
    assert (fill.calls, lost.released, held.released) == (1, 1, 1)
    assert observer.seen["filled lost"] == 1


async def test_always_losing_the_lease_ends_with_patience(key):
    class Losing(Filler):
        async def __call__(self, lease):
            raise LeaseLost("lost")

    cache = cache_of(patience=0)
    with pytest.raises(CoordinatorUnavailable):
        await cache.fetch(key, Losing(key), wait=30)
