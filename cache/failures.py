"""The negative cache: what failed a moment ago fails again at once, without being tried."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from cache.errors import FillFailed

# Seconds: no doubling beyond this, and how long a row of failures is counted after its last hold.
_LONGEST = 60.0
COUNTED = 60.0
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
        if record is None or record.until + COUNTED < self._clock():
            return 0
        return record.count
