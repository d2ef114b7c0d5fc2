"""One holder per slot in the whole fleet, whatever happens to holders, replies and messages."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cache.errors import CoordinatorUnavailable, LeaseLost
from cache.failures import LocalFailures, RedisFailures
from cache.leases import Hints
from cache.redis_clients import redis_clients
from cache.redis_leases import RedisLeases, channel_of, redis_leases
from cache.redis_tier import RedisTier
from tests.cache.parts import Filler, Shelf, cache_of, key_of, until

SLOT = key_of("a").slot


class Fleet:
    """Processes of a fleet: each with connections, subscription and leases of its own."""

    def __init__(self, url, prefix):
        self._url = url
        self._prefix = prefix
        self._stack = AsyncExitStack()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *failure):
        await self._stack.aclose()

    async def process(self, **options):
        clients = await self._stack.enter_async_context(redis_clients(self._url))
        return await self._stack.enter_async_context(
            redis_leases(clients, prefix=self._prefix, **options)
        )

    async def machine(self, store, **options):
        """A whole cache on the fleet's Redis."""
        clients = await self._stack.enter_async_context(redis_clients(self._url))
        leases = await self._stack.enter_async_context(
            redis_leases(clients, prefix=self._prefix, **options)
        )
        return cache_of(
            near=RedisTier(clients.commands, prefix=self._prefix),
            store=store,
            leases=leases,
            failures=RedisFailures(clients.commands, LocalFailures(), prefix=self._prefix),
        )


@pytest.fixture
async def fleet(any_redis, redis_prefix):
    async with Fleet(any_redis.url, redis_prefix) as fleet:
        yield fleet


@pytest.fixture
async def private_fleet(private_valkey, redis_prefix):
    async with Fleet(private_valkey.url, redis_prefix) as fleet:
        yield fleet


async def _free(leases, slot=SLOT):
    while not await leases.wait(slot):
        pass


async def test_one_process_holds_a_slot(fleet):
    ann, bob = await fleet.process(), await fleet.process()
    lease = await ann.acquire(SLOT)
    lease.ensure_held()
    assert await bob.acquire(SLOT) is None
    assert await ann.acquire(SLOT) is None
    await lease.release()
    successor = await bob.acquire(SLOT)
    assert successor
    await successor.release()


async def test_a_race_has_one_winner(fleet):
    racers = [await fleet.process() for _ in range(4)]
    won = await asyncio.gather(*(racers[number % 4].acquire(SLOT) for number in range(24)))
    winners = [lease for lease in won if lease]
    assert len(winners) == 1
    await winners[0].release()


async def test_a_release_wakes_the_waiters_at_once(fleet):
    ann, bob = await fleet.process(), await fleet.process()
    lease = await ann.acquire(SLOT)
    # A poll this far away cannot be what wakes anybody.
    bob._poll = (30, 30)
    waiting = asyncio.create_task(bob.wait(SLOT))
    await until(lambda: SLOT in bob._hints._waiting)
    subscribed = ann._client
    while (await subscribed.pubsub_numsub(channel_of(ann._prefix)))[0][1] < 2:
        await asyncio.sleep(0.01)
    await lease.release()
    async with asyncio.timeout(5):
        assert await waiting


async def test_without_hints_a_waiter_learns_by_itself_within_half_a_second(fleet):
    ann, bob = await fleet.process(), await fleet.process()
    bob._hints.give = lambda slot: None
    deaf = RedisLeases(bob._client, Hints(), prefix=bob._prefix)
    lease = await ann.acquire(SLOT)
    waiting = asyncio.create_task(_free(deaf))
    await asyncio.sleep(0)
    await lease.release()
    freed = time.monotonic()
    await waiting
    assert time.monotonic() - freed <= 0.6


async def test_a_lease_is_renewed_beyond_its_time_to_live(fleet):
    ann, bob = await fleet.process(ttl=0.3), await fleet.process(ttl=0.3)
    lease = await ann.acquire(SLOT)
    deadline = time.monotonic() + 0.9
    while time.monotonic() < deadline:
        assert await bob.acquire(SLOT) is None
        lease.ensure_held()
        await asyncio.sleep(0.05)
    await lease.release()


async def test_a_dead_holder_is_replaced_in_time(fleet):
    ann, bob = await fleet.process(ttl=1.0), await fleet.process(ttl=1.0)
    lease = await ann.acquire(SLOT)
    lease._renewing.cancel()
    died = time.monotonic()
    await _free(bob)
    successor = await bob.acquire(SLOT)
    assert successor
    assert time.monotonic() - died <= 1.0 + 0.5 + 0.1
    with pytest.raises(LeaseLost):
        lease.ensure_held()
    await lease.release()
    successor.ensure_held()
    assert await ann.acquire(SLOT) is None
    await successor.release()


async def test_a_lease_that_vanished_is_lost_at_its_next_renewal(fleet):
    ann = await fleet.process(ttl=0.6)
    lease = await ann.acquire(SLOT)
    await ann._client.delete(ann.name_of(SLOT))
    with pytest.raises(LeaseLost):
        async with asyncio.timeout(5):
            while True:
                lease.ensure_held()
                await asyncio.sleep(0.02)
    await lease.release()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text("0123456789abcdef", max_size=40))
async def test_nobody_releases_or_renews_another_s_lease(valkey, redis_prefix, token):
    async with Fleet(valkey.url, redis_prefix) as fleet:
        ann, eve = await fleet.process(), await fleet.process()
        lease = await ann.acquire(SLOT)
        await eve.release(SLOT, token)
        assert not await eve.renew(SLOT, token)
        assert (await ann._client.get(ann.name_of(SLOT))).decode() == lease._token
        await lease.release()


async def test_tokens_cannot_be_guessed(fleet):
    ann = await fleet.process()
    tokens = set()
    for _ in range(20):
        lease = await ann.acquire(SLOT)
        assert len(bytes.fromhex(lease._token)) == 16
        tokens.add(lease._token)
        await lease.release()
    assert len(tokens) == 20


async def test_a_lease_whose_reply_was_lost_is_recognised(private_fleet, private_valkey):
    """The server stands still for the whole first try; what was sent is done when it goes on."""
    ann, bob = await private_fleet.process(), await private_fleet.process()
    await bob._client.ping()
    await ann._client.ping()
    private_valkey.pause()
    acquiring = asyncio.create_task(ann.acquire(SLOT))
    with pytest.raises(CoordinatorUnavailable):
        await acquiring
    private_valkey.resume()
    while not await bob._client.exists(bob.name_of(SLOT)):
        await asyncio.sleep(0.01)
    assert await bob.acquire(SLOT) is None
    lease = await ann.acquire(SLOT)
    assert lease, "our own token stood in the slot"
    lease.ensure_held()
    await lease.release()
    assert not await bob._client.exists(bob.name_of(SLOT))


async def test_a_reply_lost_once_is_recognised_by_the_retry(private_fleet, private_valkey):
    ann, bob = await private_fleet.process(), await private_fleet.process()
    await ann._client.ping()
    private_valkey.pause()
    acquiring = asyncio.create_task(ann.acquire(SLOT))
    # Longer than the timeout of the first try, shorter than that of the second.
    await asyncio.sleep(0.7)
    private_valkey.resume()
    lease = await acquiring
    assert lease
    assert await bob.acquire(SLOT) is None
    await lease.release()


async def test_a_silent_server_is_not_waited_for(private_fleet, private_valkey):
    ann = await private_fleet.process()
    lease = await ann.acquire(SLOT)
    private_valkey.kill()
    began = time.monotonic()
    with pytest.raises(CoordinatorUnavailable):
        await ann.acquire(SLOT)
    with pytest.raises(CoordinatorUnavailable):
        await ann.wait(SLOT)
    await lease.release()
    assert time.monotonic() - began < 3


async def test_the_subscription_comes_back_after_a_restart(private_fleet, private_valkey):
    ann, bob = await private_fleet.process(), await private_fleet.process()
    private_valkey.kill()
    private_valkey.start()
    bob._poll = (30, 30)
    while (await ann._client.pubsub_numsub(channel_of(ann._prefix)))[0][1] < 2:
        await asyncio.sleep(0.05)
    lease = await ann.acquire(SLOT)
    waiting = asyncio.create_task(bob.wait(SLOT))
    await until(lambda: SLOT in bob._hints._waiting)
    await lease.release()
    async with asyncio.timeout(5):
        assert await waiting


async def test_two_machines_make_one_entry(fleet):
    store, key = Shelf(), key_of("a")
    machines = [await fleet.machine(store) for _ in range(3)]
    fills = [Filler(key) for _ in machines]
    for fill in fills:
        fill.may_end.clear()
    fetches = [
        asyncio.create_task(machine.fetch(key, fill, wait=30))
        for machine, fill in zip(machines, fills, strict=True)
        for _ in range(100)
    ]
    while not any(fill.calls for fill in fills):
        await asyncio.sleep(0.01)
    for fill in fills:
        fill.may_end.set()
    found = await asyncio.gather(*fetches)
    assert sum(fill.calls for fill in fills) == 1
    assert len({one.entry.body for one in found}) == 1
    assert [one.how for one in found].count("miss") == 1


async def test_a_flight_costs_redis_little(private_valkey, redis_prefix):
    """At most ten commands, and four more for every second somebody waits."""
    async with Fleet(private_valkey.url, redis_prefix) as fleet:
        store, warm, key = Shelf(), key_of("warm"), key_of("a")
        machine, waiter = await fleet.machine(store), await fleet.machine(store)
        await machine.fetch(warm, Filler(warm), wait=5)
        await waiter.lookup(warm)
        before = await _commands(fleet)
        fill = Filler(key)
        fetches = [asyncio.create_task(_ask(machine, key, fill)) for _ in range(200)]
        await asyncio.gather(*fetches)
        alone = await _commands(fleet) - before
        assert alone <= 10

        slow, other = key_of("slow"), Filler(key_of("slow"))
        other.may_end.clear()
        before, began = await _commands(fleet), time.monotonic()
        holding = asyncio.create_task(_ask(machine, slow, other))
        await other.began.wait()
        waiting = [asyncio.create_task(_ask(waiter, slow, Filler(slow))) for _ in range(200)]
        await asyncio.sleep(1.5)
        other.may_end.set()
        await asyncio.gather(holding, *waiting)
        lasted = time.monotonic() - began
        assert await _commands(fleet) - before <= 2 * 10 + 4 * lasted


async def _ask(machine, key, fill):
    return await machine.lookup(key) or await machine.fetch(key, fill, wait=30)


async def _commands(fleet):
    """Commands on entries, leases and failures, also those inside scripts."""
    async with redis_clients(fleet._url) as clients:
        statistics = await clients.commands.info("commandstats")
    housekeeping = ("info", "hello", "client", "subscribe", "ping", "select", "script", "auth")
    return sum(
        facts["calls"]
        for name, facts in statistics.items()
        if not name.removeprefix("cmdstat_").startswith(housekeeping)
    )
