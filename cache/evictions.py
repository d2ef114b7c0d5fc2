"""What this process was told to drop lately, so that nobody puts back what was read before."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

Mark = int


class Evictions:
    """Counts evictions. Read ``mark`` before reading a tier, ask ``since`` before keeping it.

    For ``doubt`` seconds after an eviction the near tier's copy of the slot is not believed:
    another process may not have heard of it yet. At most ``bound`` slots are remembered; of those
    forgotten the answer is the careful one.
    """

    def __init__(
        self,
        *,
        doubt: float = 60.0,
        bound: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._doubt = doubt
        self._bound = bound
        self._clock = clock
        self._noted: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._all = 0
        self._all_until = float("-inf")
        self.mark: Mark = 0

    def note(self, slots: Iterable[str] | None) -> None:
        """These slots are dropped now; None: every slot."""
        self.mark += 1
        until = self._clock() + self._doubt
        if slots is None:
            self._all, self._all_until = self.mark, until
            return
        for slot in slots:
            self._noted[slot] = (self.mark, until)
            self._noted.move_to_end(slot)
        while len(self._noted) > self._bound:
            _, (number, _) = self._noted.popitem(last=False)
            self._all = max(self._all, number)

    def since(self, mark: Mark, slots: Iterable[str]) -> bool:
        """Whether one of the slots was dropped after the mark was read."""
        if self._all > mark:
            return True
        return any(self._noted[slot][0] > mark for slot in slots if slot in self._noted)

    def doubtful(self, slot: str) -> bool:
        """Whether the near tier's copy may be one that should be gone."""
        now = self._clock()
        if now < self._all_until:
            return True
        noted = self._noted.get(slot)
        return noted is not None and now < noted[1]
