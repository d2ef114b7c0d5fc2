"""The negative cache of the fleet in Redis: what failed on one machine fails at once on all."""

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cache.errors import FillFailed
from cache.failures import COUNTED, LocalFailures


class RedisFailures:
    """Failures of the fleet. The expiry of the key is the clock, so machines need not agree on one.

    The key outlives the hold by the time a row is counted: what is left of the hold is what is
    left of the key, less that.
    """

    def __init__(self, client: Redis, local: LocalFailures, *, prefix: str = "mirage:") -> None:
        self._client = client
        self._local = local
        self._prefix = prefix

    async def recall(self, slot: str) -> FillFailed | None:
        known = self._local.remembered(slot)
        if known is not None:
            return known
        name = self._name(slot)
        try:
            stored = await self._client.get(name)
            if stored is None:
                await self._local.forget(slot)
                return None
            left = await self._client.pttl(name) / 1000 - COUNTED
        except (RedisError, OSError):
            return None
        self._learn(slot, stored, left)
        return self._local.remembered(slot)

    async def remember(self, slot: str, failure: FillFailed) -> None:
        count, hold = self._local.note(slot, failure)
        if not count:
            return
        record = orjson.dumps({"payload": failure.payload, "count": count})
        lasting = round((hold + COUNTED) * 1000)
        try:
            await self._client.set(self._name(slot), record, px=lasting)
        except (RedisError, OSError):
            return

    async def forget(self, slot: str) -> None:
        # A record nobody here has seen does not exist: a fill always recalls before it begins.
        if not self._local.count(slot):
            return
        await self._local.forget(slot)
        try:
            await self._client.unlink(self._name(slot))
        except (RedisError, OSError):
            return

    def _learn(self, slot: str, stored: bytes | str, left: float) -> None:
        try:
            record = orjson.loads(stored)
            payload, count = dict(record["payload"]), int(record["count"])
        except (ValueError, KeyError, TypeError):
            return
        self._local.keep(slot, payload, count=count, left=left)

    def _name(self, slot: str) -> str:
        return f"{self._prefix}failure:{{{slot}}}"
