"""The near tier: entries in Redis, small ones, for a while."""

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from cache.codec import decode, encode
from cache.entry import Entry
from cache.errors import TierUnavailable


class RedisTier:
    """Keeps entries of at most ``largest`` bytes for ``keep`` seconds."""

    name = "redis"

    def __init__(
        self, client: Redis, *, prefix: str = "mirage:", keep: int = 86_400, largest: int = 2**21
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._keep = keep
        self._largest = largest

    async def get(self, slot: str) -> Entry | None:
        try:
            stored = await self._read(slot)
        except (RedisError, OSError) as error:
            raise TierUnavailable(f"Redis gave no answer: {error}") from error
        return None if stored is None else decode(stored)

    async def put(self, slot: str, entry: Entry) -> None:
        if len(entry.body) > self._largest:
            return
        try:
            await self._client.set(self.name_of(slot), encode(entry), ex=self._keep)
        except (RedisError, OSError) as error:
            raise TierUnavailable(f"Redis did not take an entry: {error}") from error

    async def delete(self, slot: str) -> None:
        try:
            await self._client.unlink(self.name_of(slot))
        except (RedisError, OSError) as error:
            raise TierUnavailable(f"Redis did not delete an entry: {error}") from error

    async def _read(self, slot: str) -> bytes | None:
        """Reading changes nothing, so one broken connection is worth a second try."""
        name = self.name_of(slot)
        try:
            stored = await self._client.get(name)
        except (RedisConnectionError, RedisTimeoutError):
            stored = await self._client.get(name)
        assert not isinstance(stored, str), "the client must not decode"
        return stored

    def name_of(self, slot: str) -> str:
        # The braces keep all keys of a slot on one node of a cluster.
        return f"{self._prefix}entry:{{{slot}}}"
