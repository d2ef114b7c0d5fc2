"""From a key to an entry: who is asked, how often, and what an error may and may not mean."""

import asyncio

import pytest

from cache.entry import Key
from cache.errors import (
    CoordinatorUnavailable,
    Draining,
    EntryCorrupt,
    FillFailed,
    FlightBroken,
    FlightsFull,
    LeaseLost,
    NotAdmitted,
    TierUnavailable,
)
from cache.failures import LocalFailures
from cache.memory_tier import MemoryTier
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


async def test_a_refused_payer_concerns_that_payer_alone(key, store):
    cause = ValueError("ann's budget is used up")
    anns = Filler(key, payer="ann", error=NotAdmitted("ann", cause))
    bobs, cyds = Filler(key, payer="bob"), Filler(key, payer="cyd")
    anns.may_end.clear()
    cache = cache_of(store=store)
    fetches = [asyncio.create_task(cache.fetch(key, anns, wait=30)) for _ in range(3)]
    await anns.began.wait()
    others = [asyncio.create_task(cache.fetch(key, fill, wait=30)) for fill in (bobs, cyds)]
    await asyncio.sleep(0)
    anns.may_end.set()
    assert await asyncio.gather(*fetches, return_exceptions=True) == [cause] * 3
    found = await asyncio.gather(*others)
    assert sorted(one.how for one in found) == ["coalesced", "miss"]
    assert (anns.calls, bobs.calls + cyds.calls) == (1, 1)


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


class TestCollision:
    """Two identities, one slot: what somebody who builds xxh3 collisions would bring about."""

    slot = "c" * 32

    @pytest.fixture
    def ours(self):
        return key_of("ours", slot=self.slot)

    @pytest.fixture
    def theirs(self):
        return key_of("theirs", slot=self.slot)

    @pytest.mark.parametrize("where", ["memory", "near", "store", "everywhere"])
    async def test_a_foreign_entry_is_a_miss(self, ours, theirs, where):
        memory, near, store = MemoryTier(2**20), Shelf("redis"), Shelf()
        foreign, observer = entry_of(theirs), CountingObserver()
        if where in ("memory", "everywhere"):
            memory.put(self.slot, foreign)
        if where in ("near", "everywhere"):
            near.held[self.slot] = foreign
        if where in ("store", "everywhere"):
            store.held[self.slot] = foreign
        cache = cache_of(memory=memory, near=near, store=store, observer=observer)
        assert cache.recall(ours) is None
        assert await cache.lookup(ours) is None
        assert bool(observer.seen["collided"]) == (where != "memory")

    async def test_both_live_on_in_their_own_slots(self, ours, theirs, near, store):
        cache = cache_of(near=near, store=store)
        fill_theirs, fill_ours = Filler(theirs), Filler(ours)
        await cache.fetch(theirs, fill_theirs, wait=5)
        assert (await cache.fetch(ours, fill_ours, wait=5)).how == "miss"
        assert set(store.held) == {self.slot, ours.identity}
        for fresh in (cache, cache_of(near=near, store=store), cache_of(store=store)):
            assert (await fresh.lookup(ours)).entry is fill_ours.entry
            assert (await fresh.lookup(theirs)).entry is fill_theirs.entry

    async def test_a_foreign_winner_is_not_served(self, ours, theirs, store):
        cache, fill = cache_of(store=store), Filler(ours)
        fill.may_end.clear()
        fetch = asyncio.create_task(cache.fetch(ours, fill, wait=30))
        await fill.began.wait()
        store.held[self.slot] = entry_of(theirs)
        fill.may_end.set()
        assert (await fetch).entry is fill.entry
        assert fill.landings == [(fill.entry, True, True)]
        assert store.held[ours.identity] is fill.entry

    async def test_two_flights_in_one_slot_stay_apart(self, ours, theirs, store):
        cache = cache_of(store=store)
        fills = Filler(ours), Filler(theirs)
        found = await asyncio.gather(
            *(
                cache.fetch(key, fill, wait=5)
                for key, fill in zip((ours, theirs), fills, strict=True)
            )
        )
        assert [one.entry for one in found] == [fill.entry for fill in fills]

    async def test_forgetting_one_leaves_the_other(self, ours, theirs, near, store):
        cache = cache_of(near=near, store=store)
        await cache.fetch(theirs, Filler(theirs), wait=5)
        await cache.fetch(ours, Filler(ours), wait=5)
        await cache.forget(ours)
        assert await cache.lookup(ours) is None
        assert (await cache.lookup(theirs)).entry == store.held[self.slot]

    async def test_a_stale_near_entry_of_another_does_not_hide_ours(
        self, ours, theirs, near, store
    ):
        near.held[self.slot] = entry_of(theirs)
        store.held[self.slot] = entry_of(ours)
        cache = cache_of(near=near, store=store)
        assert (await cache.lookup(ours)).entry == entry_of(ours)

    def test_a_key_is_both_of_its_names(self, ours):
        assert ours != Key(ours.slot, "0" * 64)
