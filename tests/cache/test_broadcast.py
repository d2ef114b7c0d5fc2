"""The word that there is something to read: heard at once where it can be, never relied on."""

import asyncio
import secrets
import time

from cache.broadcast import LocalBroadcast
from cache.redis_broadcast import redis_broadcast
from cache.redis_clients import RedisClients, redis_clients
from tests.servers.valkey import RedisServer

LONG = 30.0


async def test_a_word_wakes_who_waits_and_who_waits_next() -> None:
    broadcast = LocalBroadcast()
    waiting = asyncio.create_task(broadcast.wait(LONG))
    await asyncio.sleep(0)
    await broadcast.send()
    await waiting
    await broadcast.send()
    await broadcast.wait(LONG)


async def test_without_a_word_the_time_runs_out() -> None:
    began = time.monotonic()
    await LocalBroadcast().wait(0.05)
    assert time.monotonic() - began >= 0.04


async def test_every_process_hears(valkey_clients: RedisClients, valkey: RedisServer) -> None:
    prefix = f"test-{secrets.token_hex(8)}:"
    async with (
        redis_clients(valkey.url) as elsewhere,
        redis_broadcast(valkey_clients, name="purged", settling=3, prefix=prefix) as ours,
        redis_broadcast(elsewhere, name="purged", settling=3, prefix=prefix) as theirs,
    ):
        async with asyncio.timeout(10):
            # The subscription begins in the background, and a word before it is lost.
            while not await _heard(ours, theirs):
                pass


async def test_a_redis_that_is_away_costs_only_the_word() -> None:
    async with (
        redis_clients("redis://127.0.0.1:1") as clients,
        redis_broadcast(clients, name="purged", settling=3) as broadcast,
    ):
        await broadcast.send()
        await broadcast.wait(LONG)
        await broadcast.wait(0.01)


async def _heard(ours: object, theirs: object) -> bool:
    await ours.send()
    began = time.monotonic()
    await theirs.wait(0.5)
    return time.monotonic() - began < 0.4
