"""What every counter of rates promises, in one process and in Redis."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from cache.breaker import Breaker
from cache.errors import CoordinatorUnavailable
from cache.guarded import GuardedRates
from cache.rates import LocalRates, RateLimit, Rates
from cache.redis_clients import redis_clients
from cache.redis_rates import RedisRates
from tests.servers.valkey import RedisServer, needs_redis_server

HOURLY = RateLimit(count=37, seconds=3600)
QUICK = RateLimit(count=4, seconds=1)


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    async def move(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass(frozen=True)
class Counting:
    """``counters`` count the same things; ``pass_time`` lets seconds go by for them."""

    counters: list[Rates]
    pass_time: Callable[[float], Awaitable[None]]

    @property
    def rates(self) -> Rates:
        return self.counters[0]


@pytest.fixture
async def local() -> Counting:
    clock = Clock()
    return Counting([LocalRates(clock=clock)], clock.move)


async def _in_redis(server: RedisServer) -> AsyncIterator[Counting]:
    prefix = f"test-{secrets.token_hex(8)}:"
    # As many connections as takes, and patience: a busy machine is not what is under test.
    roomy = {"connections": 100, "connect_timeout": 5, "timeout": 5}
    async with (
        redis_clients(server.url, **roomy) as one,
        redis_clients(server.url, **roomy) as other,
    ):
        counters: list[Rates] = [
            RedisRates(one.commands, prefix=prefix),
            RedisRates(other.commands, prefix=prefix),
        ]
        yield Counting(counters, asyncio.sleep)


@pytest.fixture
async def in_valkey(valkey: RedisServer) -> AsyncIterator[Counting]:
    async for counting in _in_redis(valkey):
        yield counting


@pytest.fixture
async def in_debian_redis(debian_redis: RedisServer) -> AsyncIterator[Counting]:
    async for counting in _in_redis(debian_redis):
        yield counting


@pytest.fixture(
    params=["local", "in_valkey", pytest.param("in_debian_redis", marks=needs_redis_server)]
)
def counting(request: pytest.FixtureRequest) -> Counting:
    return request.getfixturevalue(request.param)


async def test_a_crowd_takes_exactly_what_there_is(counting):
    takes = [
        counting.counters[number % len(counting.counters)].take("ann", HOURLY)
        for number in range(200)
    ]
    answers = await asyncio.gather(*takes)
    granted = [answer for answer in answers if answer.allowed]
    assert len(granted) == HOURLY.count
    assert sorted(answer.remaining for answer in granted) == list(range(HOURLY.count))


async def test_a_refusal_says_when_to_come_back_and_costs_nothing(counting):
    for _ in range(HOURLY.count):
        assert (await counting.rates.take("ann", HOURLY)).retry_after == 0
    cell = HOURLY.seconds / HOURLY.count
    for _ in range(3):
        refused = await counting.rates.take("ann", HOURLY)
        assert not refused.allowed
        assert refused.remaining == 0
        assert cell - 5 < refused.retry_after <= cell + 0.001
        assert refused.reset_at == pytest.approx(time.time() + HOURLY.seconds, abs=5)


async def test_after_the_pause_it_named_there_is_one_more(counting):
    for _ in range(QUICK.count):
        await counting.rates.take("ann", QUICK)
    refused = await counting.rates.take("ann", QUICK)
    assert 0 < refused.retry_after <= 0.25
    await counting.pass_time(refused.retry_after + 0.001)
    assert (await counting.rates.take("ann", QUICK)).allowed


async def test_no_window_has_an_edge_where_twice_as_much_passes(counting):
    """Half a window after a burst there is half as much to take, not a fresh whole."""
    limit = RateLimit(count=100, seconds=1)
    for _ in range(100):
        assert (await counting.rates.take("ann", limit)).remaining < 100
    await counting.pass_time(0.3)
    looked = await counting.rates.look("ann", limit)
    assert 30 <= looked.remaining < 100


async def test_looking_takes_nothing(counting):
    before = await counting.rates.look("ann", HOURLY)
    assert (before.allowed, before.remaining, before.retry_after) == (True, 37, 0)
    assert before.reset_at == pytest.approx(time.time(), abs=5)
    await counting.rates.take("ann", HOURLY)
    for _ in range(5):
        assert (await counting.rates.look("ann", HOURLY)).remaining == 36


async def test_a_look_at_the_end_says_what_a_take_would(counting):
    once = RateLimit(count=1, seconds=60)
    await counting.rates.take("ann", once)
    looked = await counting.rates.look("ann", once)
    assert not looked.allowed
    assert 55 < looked.retry_after <= 60


async def test_names_and_limits_are_counted_apart(counting):
    once = RateLimit(count=1, seconds=60)
    assert (await counting.rates.take("ann", once)).allowed
    assert (await counting.rates.take("bob", once)).allowed
    assert (await counting.rates.take("ann", RateLimit(count=2, seconds=60))).remaining == 1
    assert not (await counting.rates.take("ann", once)).allowed


async def test_odd_fractions_lose_nothing(counting):
    """A count that divides no second evenly is still granted in full."""
    odd = RateLimit(count=997, seconds=86_400)
    answers = [await counting.rates.take("ann", odd) for _ in range(1000)]
    assert sum(answer.allowed for answer in answers) == 997


async def test_a_full_rate_leaves_nothing_behind_in_redis(valkey, redis_prefix):
    async with redis_clients(valkey.url) as clients:
        rates = RedisRates(clients.commands, prefix=redis_prefix)
        await rates.take("ann", HOURLY)
        await rates.take("ann", HOURLY)
        name = rates.name_of("ann", HOURLY)
        assert name == f"{redis_prefix}rate:{{ann}}:37/3600"
        two_cells = 2 * HOURLY.seconds / HOURLY.count
        assert two_cells - 5 < await clients.commands.pttl(name) / 1000 <= two_cells + 0.001
        await rates.look("bob", HOURLY)
        assert not await clients.commands.exists(rates.name_of("bob", HOURLY))


async def test_what_nobody_of_ours_wrote_counts_as_nothing(valkey, redis_prefix):
    async with redis_clients(valkey.url) as clients:
        rates = RedisRates(clients.commands, prefix=redis_prefix)
        await clients.commands.set(rates.name_of("ann", HOURLY), "nonsense")
        assert (await rates.take("ann", HOURLY)).remaining == 36


async def test_without_redis_nothing_is_granted(private_valkey):
    async with redis_clients(private_valkey.url) as clients:
        rates = RedisRates(clients.commands)
        assert (await rates.take("ann", HOURLY)).allowed
        private_valkey.stop()
        with pytest.raises(CoordinatorUnavailable):
            await rates.take("ann", HOURLY)
        with pytest.raises(CoordinatorUnavailable):
            await rates.look("ann", HOURLY)
        private_valkey.start()
        # The script is gone with the server, and comes back by itself.
        assert (await rates.take("ann", HOURLY)).allowed


async def test_an_open_breaker_refuses_at_once(private_valkey):
    async with redis_clients(private_valkey.url) as clients:
        breaker = Breaker("redis", threshold=1, rest=60)
        rates = GuardedRates(RedisRates(clients.commands), breaker)
        assert (await rates.take("ann", HOURLY)).allowed
        assert (await rates.look("ann", HOURLY)).remaining == 36
        private_valkey.stop()
        with pytest.raises(CoordinatorUnavailable, match="no rate can be taken"):
            await rates.take("ann", HOURLY)
        with pytest.raises(CoordinatorUnavailable, match="left alone"):
            await rates.look("ann", HOURLY)


async def test_time_in_one_process_is_monotonic():
    """A wall clock that jumps changes what is told, never what is granted."""
    clock, wall = Clock(), Clock()
    rates = LocalRates(clock=clock, wall=wall)
    once = RateLimit(count=1, seconds=60)
    await rates.take("ann", once)
    await wall.move(-600)
    assert not (await rates.take("ann", once)).allowed
    await wall.move(1200)
    assert not (await rates.take("ann", once)).allowed
    await clock.move(60)
    assert (await rates.take("ann", once)).reset_at == wall.seconds + 60


async def test_a_process_remembers_a_bounded_number_of_names():
    rates = LocalRates(bound=2)
    once = RateLimit(count=1, seconds=60)
    for name in ("ann", "bob", "cid"):
        await rates.take(name, once)
    assert (await rates.look("ann", once)).allowed
    assert not (await rates.look("bob", once)).allowed
    assert not (await rates.look("cid", once)).allowed
