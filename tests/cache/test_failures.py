"""What failed a moment ago fails at once, for as long as it should and no longer."""

import pytest

from cache.errors import FillFailed
from cache.failures import LocalFailures, RedisFailures
from cache.redis_clients import redis_clients
from tests.cache.parts import key_of
from tests.servers.process import free_port

NAME = key_of("a").identity
SICK = FillFailed({"code": "GENERATOR_FAILED", "message": "grün"}, remember=5, doubling=True)
REFUSED = FillFailed({"code": "CONTENT_REFUSED"}, remember=600)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def local(clock):
    return LocalFailures(clock=clock)


async def test_a_failure_is_remembered_for_its_time(local, clock):
    await local.remember(NAME, REFUSED)
    clock.now += 599
    remembered = await local.recall(NAME)
    assert remembered.payload == REFUSED.payload
    assert remembered.remember == pytest.approx(1)
    clock.now += 2
    assert await local.recall(NAME) is None


async def test_failures_in_a_row_double_up_to_a_minute(local, clock):
    holds = []
    for _ in range(6):
        await local.remember(NAME, SICK)
        holds.append((await local.recall(NAME)).remember)
        clock.now += holds[-1] + 1
    assert holds == pytest.approx([5, 10, 20, 40, 60, 60])


async def test_a_success_ends_the_row(local):
    await local.remember(NAME, SICK)
    await local.forget(NAME)
    assert await local.recall(NAME) is None
    await local.remember(NAME, SICK)
    assert (await local.recall(NAME)).remember == pytest.approx(5)


async def test_a_long_quiet_ends_the_row(local, clock):
    await local.remember(NAME, SICK)
    clock.now += 5 + 61
    await local.remember(NAME, SICK)
    assert (await local.recall(NAME)).remember == pytest.approx(5)


async def test_a_provider_s_pause_is_kept_as_it_was_told(local):
    for _ in range(3):
        await local.remember(NAME, FillFailed({"code": "GENERATOR_BUSY"}, remember=7))
    assert (await local.recall(NAME)).remember == pytest.approx(7)


async def test_some_failures_are_not_worth_remembering(local):
    await local.remember(NAME, FillFailed({"code": "BUSY"}, remember=0, doubling=True))
    assert await local.recall(NAME) is None


async def test_what_is_remembered_is_bounded(local):
    for number in range(10_001):
        await local.remember(str(number), REFUSED)
    assert await local.recall("0") is None
    assert await local.recall("10000")


class TestFleet:
    @pytest.fixture
    async def clients(self, any_redis):
        async with redis_clients(any_redis.url) as clients:
            yield clients.commands

    @pytest.fixture
    def machine(self, clients, redis_prefix):
        def new(clock=None):
            local = LocalFailures(clock=clock) if clock else LocalFailures()
            return RedisFailures(clients, local, prefix=redis_prefix)

        return new

    async def test_every_machine_learns_of_it(self, machine):
        ann, bob = machine(), machine()
        assert await bob.recall(NAME) is None
        await ann.remember(NAME, REFUSED)
        remembered = await bob.recall(NAME)
        assert remembered.payload == REFUSED.payload
        assert remembered.remember == pytest.approx(600, abs=2)

    async def test_clocks_need_not_agree(self, machine):
        ahead = Clock()
        ahead.now = 1e9
        ann, bob = machine(), machine(ahead)
        await ann.remember(NAME, REFUSED)
        assert (await bob.recall(NAME)).remember == pytest.approx(600, abs=2)

    async def test_a_row_is_counted_across_machines(self, machine, clients, redis_prefix):
        ann, bob, cyd = machine(), machine(), machine()
        await ann.remember(NAME, SICK)
        # The hold runs out; the count is still there.
        await clients.pexpire(f"{redis_prefix}failure:{{{NAME}}}", 59_000)
        assert await bob.recall(NAME) is None
        await bob.remember(NAME, SICK)
        assert (await cyd.recall(NAME)).remember == pytest.approx(10, abs=1)

    async def test_a_success_is_known_to_all(self, machine):
        ann, bob = machine(), machine()
        await ann.remember(NAME, SICK)
        assert await bob.recall(NAME)
        await bob.forget(NAME)
        assert await machine().recall(NAME) is None

    async def test_garbage_is_no_failure(self, machine, clients, redis_prefix):
        for garbage in (b"", b"[]", b'{"payload": 3}', b"\xff"):
            await clients.set(f"{redis_prefix}failure:{{{NAME}}}", garbage)
            assert await machine().recall(NAME) is None


async def test_without_redis_each_machine_remembers_its_own():
    async with redis_clients(f"redis://127.0.0.1:{free_port()}") as clients:
        failures = RedisFailures(clients.commands, LocalFailures())
        assert await failures.recall(NAME) is None
        await failures.remember(NAME, SICK)
        assert (await failures.recall(NAME)).remember == pytest.approx(5, abs=1)
        await failures.forget(NAME)
        assert await failures.recall(NAME) is None
