"""What failed on one machine fails at once on all, and without Redis at least on that one."""

import pytest

from cache.failures import LocalFailures
from cache.redis_clients import redis_clients
from cache.redis_failures import RedisFailures
from tests.cache.failing import NAME, REFUSED, SICK, Clock
from tests.servers.process import free_port


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
