"""One holder per slot in the whole fleet, whatever happens to holders, replies and messages."""

import asyncio
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cache.errors import CoordinatorUnavailable, LeaseLost
from cache.leases import Hints
from cache.redis_leases import RedisLease, RedisLeases, channel_of
from tests.cache.fleet import Fleet
from tests.cache.parts import key_of, until

SLOT = key_of("a").slot


@pytest.fixture
async def fleet(any_redis, redis_prefix):
    async with Fleet(any_redis.url, redis_prefix) as fleet:
        yield fleet


@pytest.fixture
async def private_fleet(private_valkey, redis_prefix):
    async with Fleet(private_valkey.url, redis_prefix) as fleet:
        yield fleet


async def _both_subscribed(leases):
    while (await leases._client.pubsub_numsub(channel_of(leases._prefix)))[0][1] < 2:
        pass


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
    await _both_subscribed(ann)
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
    async with asyncio.timeout(5):
        await asyncio.wait([lease._renewing])
    with pytest.raises(LeaseLost):
        lease.ensure_held()
    await lease.release()


class Swallowing:
    """What redis-py may do on Python 3.11: a cancellation has no effect."""

    def __init__(self):
        self.renewing = asyncio.Event()
        self.released = 0

    async def renew(self, slot, token):
        self.renewing.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return True

    async def release(self, slot, token):
        self.released += 1


async def test_a_release_ends_the_renewal_even_when_its_cancellation_is_swallowed():
    leases = Swallowing()
    lease = RedisLease(leases, SLOT, "token", ttl=0.03, since=time.monotonic())
    lease.keep()
    await leases.renewing.wait()
    async with asyncio.timeout(5):
        await lease.release()
    assert lease._renewing.done()
    assert leases.released == 1


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
        pass
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
    await _both_subscribed(ann)
    lease = await ann.acquire(SLOT)
    waiting = asyncio.create_task(bob.wait(SLOT))
    await until(lambda: SLOT in bob._hints._waiting)
    await lease.release()
    async with asyncio.timeout(5):
        assert await waiting
