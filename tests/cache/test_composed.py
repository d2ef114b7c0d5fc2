"""The whole cache as the server builds it, embedded and on Redis and a bucket."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from cache.breaker import Breaker
from cache.directory_tier import directory_tier
from cache.errors import CoordinatorUnavailable
from cache.failures import LocalFailures
from cache.guarded import GuardedLeases, GuardedStore, GuardedTier
from cache.leases import LocalLeases
from cache.memory_tier import MemoryTier
from cache.null_tier import NullTier
from cache.object_tier import ObjectTier, s3_client
from cache.observer import NullObserver
from cache.readthrough import ReadThrough
from cache.redis_clients import redis_clients
from cache.redis_failures import RedisFailures
from cache.redis_leases import redis_leases
from cache.redis_tier import RedisTier
from cache.spooling import directory_spool
from tests.cache.parts import Filler, key_of


@asynccontextmanager
async def embedded(folder):
    observer = NullObserver()
    async with (
        directory_tier(folder / "pictures") as store,
        directory_spool(folder / "spool", store, NullTier(), observer) as spool,
    ):
        yield ReadThrough(
            memory=MemoryTier(2**20),
            near=NullTier(),
            store=store,
            leases=LocalLeases(),
            failures=LocalFailures(),
            spool=spool,
            observer=observer,
        )


@asynccontextmanager
async def outgrown(folder, valkey, s3, bucket):
    observer, redis, objects = NullObserver(), Breaker("Redis"), Breaker("the bucket")
    async with (
        redis_clients(valkey.url) as clients,
        redis_leases(clients) as leases,
        s3_client(**s3.connection) as client,
    ):
        near = GuardedTier(RedisTier(clients.commands), redis)
        store = GuardedStore(ObjectTier(client, bucket, prefix=f"{folder.name}/"), objects)
        async with directory_spool(folder / "spool", store, near, observer) as spool:
            yield ReadThrough(
                memory=MemoryTier(2**20),
                near=near,
                store=store,
                leases=GuardedLeases(leases, redis),
                failures=RedisFailures(clients.commands, LocalFailures()),
                spool=spool,
                observer=observer,
            )


async def test_nothing_configured_survives_a_restart(tmp_path):
    key = key_of("a")
    fill = Filler(key)
    async with embedded(tmp_path) as cache:
        found = await asyncio.gather(*(cache.fetch(key, fill, wait=5) for _ in range(50)))
        assert {one.entry.body for one in found} == {fill.entry.body}
        assert await cache.drain(5) == 0
    async with embedded(tmp_path) as cache:
        assert (await cache.lookup(key)).entry == fill.entry
    assert fill.calls == 1


async def test_two_machines_share_and_outlive_their_redis(tmp_path, private_valkey, s3, bucket):
    key, new = key_of("a"), key_of("new")
    fill, futile = Filler(key), Filler(new)
    async with (
        outgrown(tmp_path, private_valkey, s3, bucket) as ann,
        outgrown(tmp_path, private_valkey, s3, bucket) as bob,
    ):
        assert (await ann.fetch(key, fill, wait=10)).how == "miss"
        assert (await bob.lookup(key)).tier == "redis"
        private_valkey.kill()
        async with outgrown(tmp_path, private_valkey, s3, bucket) as cyd:
            assert (await cyd.lookup(key)).tier == "store"
            for _ in range(8):
                assert await cyd.lookup(new) is None
                with pytest.raises(CoordinatorUnavailable):
                    await cyd.fetch(new, futile, wait=10)
            assert futile.calls == 0
            private_valkey.start()
            async with asyncio.timeout(10):
                while not futile.calls:
                    try:
                        await cyd.fetch(new, futile, wait=10)
                    except CoordinatorUnavailable:
                        await asyncio.sleep(0.05)
        assert (await bob.lookup(new)).entry == futile.entry
    assert (fill.calls, futile.calls) == (1, 1)
