"""The negative cache: what failed a moment ago fails again at once, without being tried."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cache.errors import FillFailed

# Seconds: no doubling beyond this, and how long a row of failures is counted after its last hold.
_LONGEST = 60.0
_COUNTED = 60.0
_BOUND = 10_000


@dataclass(frozen=True, slots=True)
class _Record:
    """The ``count``-th failure in a row, remembered until ``until`` (monotonic)."""

    payload: dict[str, str]
    count: int
    until: float


class LocalFailures:
    """Failures of this process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()

    async def recall(self, slot: str) -> FillFailed | None:
        return self.remembered(slot)

    async def remember(self, slot: str, failure: FillFailed) -> None:
        self.note(slot, failure)

    async def forget(self, slot: str) -> None:
        self._records.pop(slot, None)

    def remembered(self, slot: str) -> FillFailed | None:
        """The failure still remembered, without asking anybody else."""
        record = self._records.get(slot)
        left = record.until - self._clock() if record else 0.0
        return FillFailed(record.payload, remember=left) if record and left > 0 else None

    def note(self, slot: str, failure: FillFailed) -> tuple[int, float]:
        """Count it and keep it; returns the count and the seconds it is kept (0: not at all)."""
        if failure.remember <= 0:
            return 0, 0.0
        count = self.count(slot) + 1
        hold = failure.remember
        if failure.doubling:
            hold = min(_LONGEST, hold * 2 ** min(count - 1, 16))
        self.keep(slot, failure.payload, count=count, left=hold)
        return count, hold

    def keep(self, slot: str, payload: dict[str, str], *, count: int, left: float) -> None:
        """Keep a record that ends in ``left`` seconds; negative when only its count still holds."""
        self._records[slot] = _Record(payload, count, self._clock() + left)
        self._records.move_to_end(slot)
        if len(self._records) > _BOUND:
            self._records.popitem(last=False)

    def count(self, slot: str) -> int:
        """Failures in a row so far."""
        record = self._records.get(slot)
        if record is None or record.until + _COUNTED < self._clock():
            return 0
        return record.count


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
            left = await self._client.pttl(name) / 1000 - _COUNTED
        except (RedisError, OSError):
            return None
        self._learn(slot, stored, left)
        return self._local.remembered(slot)

    async def remember(self, slot: str, failure: FillFailed) -> None:
        count, hold = self._local.note(slot, failure)
        if not count:
            return
        record = orjson.dumps({"payload": failure.payload, "count": count})
        lasting = round((hold + _COUNTED) * 1000)
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
