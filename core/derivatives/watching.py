"""Remembers where the journal of purges stood a moment ago."""

import time
from collections import deque
from collections.abc import Callable

from core.errors import RecordsUnavailable
from core.ports import PurgeWatch

# Seconds between two looks, and how far back a derivative is checked: its master may have been
# read that long before anybody thought of deriving.
_EVERY = 1.0
_BACK = 3.0


class Watch:
    """Tells whether a master was purged since it was read, at one look a second at most."""

    def __init__(self, purges: PurgeWatch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._purges = purges
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    async def earlier(self) -> int | None:
        """The last purge's number of some seconds ago; None while the records do not say."""
        now = self._clock()
        if not self._seen or self._seen[-1][0] + _EVERY <= now:
            try:
                self._seen.append((now, await self._purges.number()))
            except RecordsUnavailable:
                if not self._seen:
                    return None
        while len(self._seen) > 1 and self._seen[1][0] + _BACK <= now:
            self._seen.popleft()
        return self._seen[0][1]

    async def struck(self, project_id: str, master_slot: str, number: int) -> bool:
        """Whether a purge after ``number`` concerned this master; in doubt it did."""
        try:
            return await self._purges.purged_since(project_id, master_slot, number)
        except RecordsUnavailable:
            return True
