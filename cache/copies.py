"""The copies of stored entries: in this process's memory, and in the near tier for everybody."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection

from cache.entry import Entry, Key
from cache.errors import EntryCorrupt, TierUnavailable
from cache.evictions import Evictions, Mark
from cache.memory_tier import MemoryTier
from cache.observer import Observer
from cache.slots import slots_of
from cache.tier import Tier

# Deletions in the near tier at once, and how many it may owe.
_AT_ONCE = 16
_OWED = 100_000


class Copies:
    """Nothing here is the only one of its kind, and none may come back once it was dropped.

    Read ``mark`` before an entry is read, and show it when the entry is to be kept.
    """

    def __init__(self, memory: MemoryTier, near: Tier, observer: Observer) -> None:
        self._memory = memory
        self._near = near
        self._observer = observer
        self._evictions = Evictions()
        # Deletions the near tier still owes us: an outage of its must not bring anything back.
        self._owed: OrderedDict[str, None] = OrderedDict()
        self._log = logging.getLogger(__name__)

    @property
    def mark(self) -> Mark:
        return self._evictions.mark

    @property
    def near_name(self) -> str:
        return self._near.name

    def recall(self, key: Key) -> Entry | None:
        """From memory alone."""
        memory, identity = self._memory, key.identity
        return memory.recall(key.slot, identity) or memory.recall(identity, identity)

    def dropped_since(self, key: Key, mark: Mark) -> bool:
        return self._evictions.since(mark, slots_of(key))

    async def get(self, slot: str) -> Entry | None:
        """From the near tier. It is a shortcut: broken, corrupt or in doubt, it is passed by."""
        if slot in self._owed or self._evictions.doubtful(slot):
            return None
        try:
            return await self._near.get(slot)
        except TierUnavailable as error:
            self._failed(error)
        except EntryCorrupt as error:
            self._observer.corrupt(self._near.name)
            self._log.error("%s holds a corrupt entry in %s: %s", self._near.name, slot, error)
            await self._delete(slot)
        return None

    def keep_in_memory(self, slot: str, entry: Entry) -> None:
        self._memory.put(slot, entry)

    async def keep_near(self, key: Key, slot: str, entry: Entry, mark: Mark) -> None:
        """For every process, unless it was dropped since ``mark`` was read."""
        try:
            await self._near.put(slot, entry)
        except TierUnavailable as error:
            self._failed(error)
        if self.dropped_since(key, mark):
            # Whoever dropped it may have been here before this copy was.
            await self._delete(slot)

    async def drop(self, keys: Collection[Key] | None) -> None:
        """In memory and, for named keys, in the near tier; None: everything in memory.

        Never raises.
        """
        if keys is None:
            self._evictions.note(None)
            self._memory.clear()
            return
        slots = [slot for key in keys for slot in slots_of(key)]
        self._evictions.note(slots)
        for slot in slots:
            self._memory.delete(slot)
        for start in range(0, len(slots), _AT_ONCE):
            part = slots[start : start + _AT_ONCE]
            await asyncio.gather(*(self._delete(slot) for slot in part))

    async def drop_owed(self) -> int:
        """Try once more to delete what the near tier would not; how many are left."""
        for slot in list(self._owed):
            if not await self._delete(slot):
                break
        return len(self._owed)

    async def _delete(self, slot: str) -> bool:
        try:
            await self._near.delete(slot)
        except TierUnavailable as error:
            self._failed(error)
            self._owed[slot] = None
            if len(self._owed) > _OWED:
                self._owed.popitem(last=False)
            return False
        self._owed.pop(slot, None)
        return True

    def _failed(self, error: TierUnavailable) -> None:
        self._observer.tier_failed(self._near.name)
        self._log.warning("%s failed: %s", self._near.name, error)
