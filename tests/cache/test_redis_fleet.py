"""Several machines on one Redis: one of them makes the entry, and Redis hardly notices."""

import asyncio
import time

import pytest

from cache.redis_clients import redis_clients
from tests.cache.fleet import Fleet
from tests.cache.parts import Filler, Shelf, key_of, until


@pytest.fixture
async def fleet(any_redis, redis_prefix):
    async with Fleet(any_redis.url, redis_prefix) as fleet:
        yield fleet


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
    await until(lambda: any(fill.calls for fill in fills))
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
    async with redis_clients(fleet.url) as clients:
        statistics = await clients.commands.info("commandstats")
    housekeeping = ("info", "hello", "client", "subscribe", "ping", "select", "script", "auth")
    return sum(
        facts["calls"]
        for name, facts in statistics.items()
        if not name.removeprefix("cmdstat_").startswith(housekeeping)
    )
