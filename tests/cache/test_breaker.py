"""A dependency that keeps failing is left alone, and found again."""

import pytest

from cache.breaker import Breaker
from cache.errors import CoordinatorUnavailable, EntryCorrupt, TierUnavailable
from cache.guarded import GuardedLeases, GuardedStore, GuardedTier
from tests.cache.parts import ScriptedLeases, Shelf, entry_of, key_of


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker("redis", threshold=5, rest=1.0, clock=clock)


def _fail(breaker, times, error=TierUnavailable):
    for _ in range(times):
        with pytest.raises(error), breaker.watch(TierUnavailable):
            raise error("away")


def test_it_opens_after_five_failures_in_a_row(breaker):
    _fail(breaker, 4)
    with breaker.watch(TierUnavailable):
        pass
    _fail(breaker, 4)
    assert breaker.state == "closed"
    _fail(breaker, 1)
    assert breaker.state == "open"
    reached = False
    with pytest.raises(CoordinatorUnavailable), breaker.watch(CoordinatorUnavailable):
        reached = True
    assert not reached


def test_one_probe_at_a_time_decides(breaker, clock):
    _fail(breaker, 5)
    clock.now += 1.3
    assert breaker.state == "half-open"
    with (
        breaker.watch(TierUnavailable),
        pytest.raises(TierUnavailable),
        breaker.watch(TierUnavailable),
    ):
        pass
    assert breaker.state == "closed"


def test_a_failed_probe_rests_again(breaker, clock):
    _fail(breaker, 5)
    clock.now += 1.3
    _fail(breaker, 1)
    assert breaker.state == "open"
    clock.now += 1.3
    with breaker.watch(TierUnavailable):
        pass
    assert breaker.state == "closed"


def test_a_cancelled_probe_leaves_room_for_the_next(breaker, clock):
    _fail(breaker, 5)
    clock.now += 1.3
    with pytest.raises(KeyboardInterrupt), breaker.watch(TierUnavailable):
        raise KeyboardInterrupt
    with breaker.watch(TierUnavailable):
        pass
    assert breaker.state == "closed"


def test_a_corrupt_entry_is_no_failure_of_the_tier(breaker):
    _fail(breaker, 4)
    with pytest.raises(EntryCorrupt), breaker.watch(TierUnavailable):
        raise EntryCorrupt("flipped")
    _fail(breaker, 4)
    assert breaker.state == "closed"


async def test_a_tier_and_the_leases_of_one_server_share_it(breaker):
    shelf, key = Shelf(), key_of("a")
    shelf.errors["get"] = TierUnavailable("away")
    tier = GuardedTier(shelf, breaker)
    leases = GuardedLeases(ScriptedLeases(), breaker)
    assert await leases.acquire(key.slot)
    for _ in range(5):
        with pytest.raises(TierUnavailable):
            await tier.get(key.slot)
    with pytest.raises(CoordinatorUnavailable):
        await leases.acquire(key.slot)
    with pytest.raises(TierUnavailable):
        await tier.put(key.slot, entry_of(key))
    with pytest.raises(TierUnavailable):
        await tier.delete(key.slot)
    assert shelf.calls == {"get": 5}


async def test_a_guarded_store_answers_as_the_store_does(breaker):
    shelf, key = Shelf(), key_of("a")
    store = GuardedStore(shelf, breaker)
    assert await store.get(key.slot) is None
    entry = await store.put_first(key.slot, entry_of(key))
    assert await store.get(key.slot) == entry
    await store.delete(key.slot)
    assert shelf.held == {}
