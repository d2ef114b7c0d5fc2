"""Every tier and store, opened for one test each, with a door for damaging what they hold."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cache.directory_tier import directory_tier
from cache.entry import Entry
from cache.memory_tier import MemoryTier
from cache.object_tier import ObjectTier, s3_client
from cache.redis_clients import RedisClients, redis_clients
from cache.redis_tier import RedisTier
from tests.cache.answering import Answering
from tests.servers.s3_server import S3Server
from tests.servers.valkey import RedisServer, needs_redis_server

_DEBIAN_REDIS = pytest.param("debian_redis_place", marks=needs_redis_server)
_ENCODED = ["valkey_place", _DEBIAN_REDIS, "directory_place", "bucket_place"]


@dataclass(frozen=True)
class Place:
    """A tier or store under test. ``damage`` replaces the stored bytes of a slot."""

    tier: Any
    damage: Callable[[str, Callable[[bytes], bytes]], Awaitable[None]]


class MemoryPlace:
    """The memory tier behind the words of the others."""

    name = "memory"

    def __init__(self) -> None:
        self._memory = MemoryTier(2**26)
        self._identities: dict[str, str] = {}

    async def get(self, slot: str) -> Entry | None:
        return self._memory.recall(slot, self._identities.get(slot, ""))

    async def put(self, slot: str, entry: Entry) -> None:
        self._identities[slot] = entry.identity
        self._memory.put(slot, entry)

    async def delete(self, slot: str) -> None:
        self._memory.delete(slot)


@pytest.fixture
async def valkey_clients(valkey: RedisServer) -> AsyncIterator[RedisClients]:
    async with redis_clients(valkey.url) as clients:
        yield clients


@pytest.fixture
async def memory_place() -> Place:
    async def damage(slot: str, change: Callable[[bytes], bytes]) -> None:
        pytest.fail("memory holds no encoded bytes")

    return Place(MemoryPlace(), damage)


async def _redis_place(server: RedisServer) -> AsyncIterator[Place]:
    async with redis_clients(server.url) as clients:
        tier = RedisTier(clients.commands, prefix=f"test-{secrets.token_hex(8)}:", largest=2**23)

        async def damage(slot: str, change: Callable[[bytes], bytes]) -> None:
            stored = await clients.commands.get(tier.name_of(slot))
            await clients.commands.set(tier.name_of(slot), change(stored))

        yield Place(tier, damage)


@pytest.fixture
async def valkey_place(valkey: RedisServer) -> AsyncIterator[Place]:
    async for place in _redis_place(valkey):
        yield place


@pytest.fixture
async def debian_redis_place(debian_redis: RedisServer) -> AsyncIterator[Place]:
    async for place in _redis_place(debian_redis):
        yield place


@pytest.fixture
async def directory_place(tmp_path: Path) -> AsyncIterator[Place]:
    async with directory_tier(tmp_path / "pictures") as tier:

        async def damage(slot: str, change: Callable[[bytes], bytes]) -> None:
            path = tier.path_of(slot)
            path.write_bytes(change(path.read_bytes()))

        yield Place(tier, damage)


@pytest.fixture(scope="session")
def bucket(s3: S3Server) -> str:
    """A bucket the tests share, each under its own prefix."""
    return s3.new_bucket()


@pytest.fixture(scope="session")
async def bucket_client(s3: S3Server) -> AsyncIterator[Any]:
    async with s3_client(**s3.connection) as client:
        yield client


@pytest.fixture
async def bucket_place(bucket_client: Any, bucket: str) -> Place:
    tier = ObjectTier(bucket_client, bucket, prefix=f"{secrets.token_hex(8)}/")

    async def damage(slot: str, change: Callable[[bytes], bytes]) -> None:
        where = {"Bucket": bucket, "Key": tier.name_of(slot)}
        answer = await bucket_client.get_object(**where)
        async with answer["Body"] as body:
            stored = await body.read()
        await bucket_client.put_object(**where, Body=change(stored))

    return Place(tier, damage)


@pytest.fixture(params=["memory_place", "valkey_place", _DEBIAN_REDIS])
def tier_place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["directory_place", "bucket_place"])
def store_place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(request.param)


@pytest.fixture(params=[*_ENCODED, "memory_place"])
def place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(request.param)


@pytest.fixture(params=_ENCODED)
def encoded_place(request: pytest.FixtureRequest) -> Place:
    """Every place that holds entries as bytes."""
    return request.getfixturevalue(request.param)


@pytest.fixture
async def answering():
    """A client of a store which gives the answers named by the test."""
    opened = []

    async def open_one(**answers):
        double = Answering(**answers)
        server = await asyncio.start_server(double, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        opening = s3_client(
            endpoint_url=f"http://127.0.0.1:{port}",
            access_key_id="a",
            secret_access_key="b",
            retries=0,
        )
        opened.append((server, opening))
        return await opening.__aenter__(), double

    yield open_one
    for server, opening in opened:
        await opening.__aexit__(None, None, None)
        server.close()
        await server.wait_closed()
