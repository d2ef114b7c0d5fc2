"""Where an entry is found, kept and forgotten across memory, the near tier, spool and store."""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from cache.copies import Copies
from cache.entry import Entry, Key
from cache.errors import CacheError, EntryCorrupt, TierUnavailable
from cache.evictions import Mark
from cache.memory_tier import MemoryTier
from cache.observer import Observer
from cache.slots import slots_of, write_first
from cache.spool import Spool
from cache.tier import Store, Tier

How = Literal["hit", "miss", "coalesced"]
Condition = Callable[[Entry], bool]

# How often an entry is read that is dropped again and again meanwhile.
_READINGS = 3
# How often the store is asked to take back what it took a moment ago.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, and how it came.

    ``tier`` is ``memory``, the near tier's name, ``store``, or ``fill`` when it was just made.
    ``stored`` is False while the entry still waits for the store. ``purged``: it was purged while
    it was on its way, is kept nowhere here, and must not be kept by anybody else.
    """

    entry: Entry
    tier: str
    how: How
    stored: bool = True
    purged: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands after a fill. ``first``: it is the filler's own; ``stored``: the store has it."""

    slot: str
    entry: Entry
    first: bool
    stored: bool


class Search:
    """Asks the tiers in order of nearness, and copies what it finds upwards."""

    def __init__(
        self, *, memory: MemoryTier, near: Tier, store: Store, spool: Spool, observer: Observer
    ) -> None:
        self._copies = Copies(memory, near, observer)
        self._store = store
        self._spool = spool
        self._observer = observer
        self._log = logging.getLogger(__name__)

    @property
    def mark(self) -> Mark:
        """To be read before an entry is made, and shown when it is to be spread."""
        return self._copies.mark

    def recall(self, key: Key) -> Entry | None:
        """From memory alone."""
        return self._copies.recall(key)

    async def find(self, key: Key) -> Found | None:
        """None only when every tier that counts says so. Raises TierUnavailable, EntryCorrupt.

        What was dropped while it was being read is read again: it may be gone.
        """
        found = None
        for _ in range(_READINGS):
            mark = self.mark
            found = await self._look(key, mark)
            if found is None or not found.purged:
                break
        return found

    async def locate(self, key: Key) -> Found | None:
        """As find, for whoever only wants to know where it stands: nothing is copied."""
        entry = self.recall(key)
        if entry is not None:
            return Found(entry, "memory", "hit")
        spooled = await self._spool.get(key)
        if spooled is not None:
            return Found(spooled, "store", "hit", stored=False)
        for slot in slots_of(key):
            near = await self._copies.get(slot)
            if near is not None and near.identity == key.identity:
                return Found(near, self._copies.near_name, "hit")
            stored = await self._get_stored(slot)
            if stored is not None and stored.identity == key.identity:
                return Found(stored, "store", "hit")
        return None

    async def keep(self, key: Key, entry: Entry) -> Kept:
        """Offer a fresh entry to the store; it is paid for, so a refusal is no failure."""
        try:
            slot, standing = await write_first(self._store, key, entry, self._observer)
        except (TierUnavailable, EntryCorrupt) as error:
            self._failed(error)
            if await self._spool.put(key, entry):
                self._observer.spooled()
            return Kept(key.slot, entry, first=True, stored=False)
        # Equal, not identical: after a lost reply our own entry comes back as the winner.
        first = standing == entry
        return Kept(slot, entry if first else standing, first=first, stored=True)

    async def put(self, key: Key, entry: Entry) -> Kept:
        """Write an entry that can be had again: what the store refuses is kept nowhere.

        Raises TierUnavailable, EntryCorrupt.
        """
        mark = self.mark
        slot, standing = await write_first(self._store, key, entry, self._observer)
        kept = Kept(slot, standing, first=standing == entry, stored=True)
        await self.spread(key, kept, mark)
        return kept

    async def spread(self, key: Key, kept: Kept, mark: Mark) -> None:
        """Copy what stands after a fill to where it is found quickly, unless it was dropped since
        ``mark`` was read.

        What the store has not got stays out of memory, so that everybody here who asks learns of
        it; other processes find it in the near tier and need not pay again.
        """
        if self._copies.dropped_since(key, mark):
            return
        if kept.stored:
            self._copies.keep_in_memory(kept.slot, kept.entry)
        await self._copies.keep_near(key, kept.slot, kept.entry, mark)

    async def overwrite(self, key: Key, entry: Entry) -> None:
        """Put the entry in place of the one that stands, and drop the copies of that one.

        Raises TierUnavailable.
        """
        await self._spool.drop(key)
        await self._store.replace(await self._slot_of(key), entry)
        await self._copies.drop([key])

    async def discard(self, key: Key, kept: Kept) -> None:
        """Take back what a fill has just written. Never raises."""
        await self._spool.drop(key)
        for _ in range(_ATTEMPTS if kept.stored else 0):
            try:
                await self._store.delete(kept.slot)
            except TierUnavailable as error:
                self._failed(error)
                self._log.error("a purged entry is still in the store in %s", kept.slot)
            else:
                break
        await self._copies.drop([key])

    async def forget(self, key: Key, condition: Condition) -> bool:
        """Delete the entry from every tier if ``condition`` holds; whether there was one.

        Another identity's entry in the slot stays. Raises TierUnavailable when the store gave no
        certain answer.
        """
        deleted = await self._spool.get(key) is not None
        await self._spool.drop(key)
        for slot in slots_of(key):
            if await self._is_ours(slot, key, condition):
                await self._store.delete(slot)
                deleted = True
        await self._copies.drop([key])
        return deleted

    async def evict(self, keys: Collection[Key] | None) -> None:
        """Drop the copies of these, or with None all that memory holds. Never raises."""
        await self._copies.drop(keys)

    async def evict_owed(self) -> int:
        """Try again what the near tier would not drop; how many are left. Never raises."""
        return await self._copies.drop_owed()

    async def unspool(self, keys: Iterable[Key]) -> None:
        """Drop what waits here for the store, and what the store took from here.

        Raises TierUnavailable.
        """
        for key in keys:
            await self._spool.drop(key)
            if self._spool.brought(key):
                await self.forget(key, lambda _: True)

    async def _look(self, key: Key, mark: Mark) -> Found | None:
        """What is there now, copied upwards; ``purged`` if it was dropped meanwhile."""
        spooled = await self._spool.get(key)
        if spooled is not None:
            return Found(spooled, "store", "hit", stored=False)
        for slot in slots_of(key):
            near = await self._copies.get(slot)
            stored = None
            if near is None or near.identity != key.identity:
                stored = await self._get_stored(slot)
            entry = near if stored is None else stored
            if entry is None:
                return None
            if entry.identity != key.identity:
                self._collided(slot)
                continue
            tier = self._copies.near_name if stored is None else "store"
            if self._copies.dropped_since(key, mark):
                return Found(entry, tier, "hit", purged=True)
            self._copies.keep_in_memory(slot, entry)
            if stored is not None:
                await self._copies.keep_near(key, slot, entry, mark)
            return Found(entry, tier, "hit")
        return None

    async def _slot_of(self, key: Key) -> str:
        """Where an entry of this key stands, or would: not on another identity's."""
        try:
            standing = await self._store.get(key.slot)
        except EntryCorrupt:
            return key.slot
        taken = standing is not None and standing.identity != key.identity
        return key.identity if taken else key.slot

    async def _is_ours(self, slot: str, key: Key, condition: Condition) -> bool:
        try:
            standing = await self._store.get(slot)
        except EntryCorrupt:
            return True
        return standing is not None and standing.identity == key.identity and condition(standing)

    async def _get_stored(self, slot: str) -> Entry | None:
        try:
            return await self._store.get(slot)
        except TierUnavailable as error:
            self._failed(error)
            raise
        except EntryCorrupt as error:
            self._observer.corrupt(self._store.name)
            self._log.error("%s holds a corrupt entry in %s: %s", self._store.name, slot, error)
            raise

    def _failed(self, error: CacheError) -> None:
        self._observer.tier_failed(self._store.name)
        self._log.warning("%s failed: %s", self._store.name, error)

    def _collided(self, slot: str) -> None:
        self._observer.collided()
        self._log.error("slot %s holds another identity: somebody builds collisions", slot)
