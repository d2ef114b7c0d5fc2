"""Connections that are quick to give up and never mix up answers."""

import asyncio
import time

import pytest

from cache.errors import TierUnavailable
from cache.redis_clients import eviction_warning, redis_clients, unfit
from cache.redis_tier import RedisTier
from tests.cache.parts import Filler, Shelf, cache_of, entry_of, key_of
from tests.servers.process import free_port
from tests.servers.tcp_proxy import tcp_proxy


async def test_a_cancelled_caller_s_answer_reaches_nobody_else(valkey, redis_prefix):
    """Callers are cancelled while the server's answers are on their way."""
    keys = [key_of(str(number)) for number in range(40)]
    async with (
        tcp_proxy(valkey.port) as proxy,
        redis_clients(f"redis://127.0.0.1:{proxy.port}", connections=4) as clients,
    ):
        tier = RedisTier(clients.commands, prefix=redis_prefix)
        for key in keys:
            await tier.put(key.slot, entry_of(key, key.identity.encode()))
        proxy.delay = 0.02
        for round_number in range(6):
            impatient = [asyncio.create_task(tier.get(key.slot)) for key in keys[:4]]
            await asyncio.sleep(0.005 * round_number)
            for caller in impatient:
                caller.cancel()
            await asyncio.wait(impatient)
            for key in keys[4:12]:
                assert (await tier.get(key.slot)).body == key.identity.encode()


async def test_a_dead_cable_is_given_up_within_a_second_and_a_half(valkey, redis_prefix):
    async with (
        tcp_proxy(valkey.port) as proxy,
        redis_clients(f"redis://127.0.0.1:{proxy.port}") as clients,
    ):
        tier = RedisTier(clients.commands, prefix=redis_prefix)
        assert await tier.get("a" * 32) is None
        proxy.swallow()
        began = time.monotonic()
        with pytest.raises(TierUnavailable):
            await tier.get("a" * 32)
        assert time.monotonic() - began < 1.8
        proxy.pass_on()
        assert await tier.get("a" * 32) is None


async def test_one_cut_connection_does_not_fail_a_read(valkey, redis_prefix):
    key = key_of("a")
    async with (
        tcp_proxy(valkey.port) as proxy,
        redis_clients(f"redis://127.0.0.1:{proxy.port}") as clients,
    ):
        tier = RedisTier(clients.commands, prefix=redis_prefix)
        await tier.put(key.slot, entry_of(key))
        proxy.delay = 0.2
        reading = asyncio.create_task(tier.get(key.slot))
        await asyncio.sleep(0.1)
        proxy.cut()
        assert await reading == entry_of(key)


async def test_nobody_listening_is_known_at_once():
    async with redis_clients(f"redis://127.0.0.1:{free_port()}") as clients:
        tier, key = RedisTier(clients.commands), key_of("a")
        began = time.monotonic()
        for deed in (tier.get(key.slot), tier.put(key.slot, entry_of(key)), tier.delete(key.slot)):
            with pytest.raises(TierUnavailable):
                await deed
        with pytest.raises(TierUnavailable):
            await unfit(clients.commands)
        assert time.monotonic() - began < 1


async def test_a_full_pool_makes_callers_wait_not_fail(valkey, redis_prefix):
    async with redis_clients(valkey.url, connections=2) as clients:
        tier = RedisTier(clients.commands, prefix=redis_prefix)
        assert await asyncio.gather(*(tier.get("a" * 32) for _ in range(100))) == [None] * 100


async def test_entries_expire_and_large_ones_stay_away(valkey, redis_prefix):
    async with redis_clients(valkey.url) as clients:
        tier = RedisTier(clients.commands, prefix=redis_prefix, keep=100, largest=1_000)
        small, large = key_of("small"), key_of("large")
        await tier.put(small.slot, entry_of(small))
        await tier.put(large.slot, entry_of(large, b"x" * 1_001))
        assert 95 < await clients.commands.ttl(tier.name_of(small.slot)) <= 100
        assert await tier.get(large.slot) is None


async def test_every_server_of_the_suite_is_fit(any_redis):
    async with redis_clients(any_redis.url) as clients:
        assert await unfit(clients.commands) is None
        assert await eviction_warning(clients.commands) is None


async def test_an_evicting_server_is_warned_about(private_valkey):
    async with redis_clients(private_valkey.url) as clients:
        await clients.commands.config_set("maxmemory-policy", "allkeys-lru")
        assert "volatile-lru" in await eviction_warning(clients.commands)


async def test_a_missing_password_is_told_from_a_dead_server(private_valkey):
    async with redis_clients(private_valkey.url) as clients:
        await clients.commands.config_set("requirepass", "open sesame")
    async with redis_clients(private_valkey.url) as clients:
        assert "password" in await unfit(clients.commands)


class _Old:
    async def info(self, section):
        return {"redis_version": "6.2.14"}


async def test_an_old_server_is_refused():
    assert "7.0" in await unfit(_Old())


async def test_without_redis_the_store_still_answers(private_valkey):
    key, store = key_of("a"), Shelf()
    async with redis_clients(private_valkey.url) as clients:
        cache = cache_of(near=RedisTier(clients.commands), store=store)
        await cache.fetch(key, Filler(key), wait=5)
        private_valkey.kill()
        fresh = cache_of(near=RedisTier(clients.commands), store=store)
        began = time.monotonic()
        assert (await fresh.lookup(key)).tier == "store"
        assert time.monotonic() - began < 1
