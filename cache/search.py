"""Where an entry is found, kept and forgotten across memory, the near tier, spool and store."""

import logging
from dataclasses import dataclass
from typing import Literal

from cache.entry import Entry, Key
from cache.errors import CacheError, EntryCorrupt, TierUnavailable
from cache.memory_tier import MemoryTier
from cache.observer import Observer
from cache.slots import slots_of, write_first
from cache.spool import Spool
from cache.tier import Store, Tier

How = Literal["hit", "miss", "coalesced"]


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, and how it came.

    ``tier`` is ``memory``, the near tier's name, ``store``, or ``fill`` when it was just made.
    ``stored`` is False while the entry still waits for the store.
    """

    entry: Entry
    tier: str
    how: How
    stored: bool = True


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
        self._memory = memory
        self._near = near
        self._store = store
        self._spool = spool
        self._observer = observer
        self._log = logging.getLogger(__name__)

    def recall(self, key: Key) -> Entry | None:
        """From memory alone."""
        memory, identity = self._memory, key.identity
        return memory.recall(key.slot, identity) or memory.recall(identity, identity)

    async def find(self, key: Key) -> Found | None:
        """None only when every tier that counts says so. Raises TierUnavailable, EntryCorrupt."""
        spooled = await self._spool.get(key)
        if spooled is not None:
            return Found(spooled, "store", "hit", stored=False)
        for slot in slots_of(key):
            near = await self._get_near(slot)
            if near is not None and near.identity == key.identity:
                self._memory.put(slot, near)
                return Found(near, self._near.name, "hit")
            stored = await self._get_stored(slot)
            if stored is not None and stored.identity == key.identity:
                self._memory.put(slot, stored)
                await self._put_near(slot, stored)
                return Found(stored, "store", "hit")
            if near is None and stored is None:
                return None
            self._collided(slot)
        return None

    async def keep(self, key: Key, entry: Entry) -> Kept:
        """Offer a fresh entry to the store; it is paid for, so a refusal is no failure."""
        try:
            slot, standing = await write_first(self._store, key, entry, self._observer)
        except (TierUnavailable, EntryCorrupt) as error:
            self._failed(self._store.name, error)
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
        slot, standing = await write_first(self._store, key, entry, self._observer)
        kept = Kept(slot, standing, first=standing == entry, stored=True)
        await self.spread(kept)
        return kept

    async def spread(self, kept: Kept) -> None:
        """Copy what stands after a fill to where it is found quickly.

        What the store has not got stays out of memory, so that everybody here who asks learns of
        it; other processes find it in the near tier and need not pay again.
        """
        if kept.stored:
            self._memory.put(kept.slot, kept.entry)
        await self._put_near(kept.slot, kept.entry)

    async def forget(self, key: Key) -> None:
        """Delete from every tier; another identity's entry in the slot stays.

        Raises TierUnavailable when the store gave no certain answer.
        """
        try:
            standing = await self._store.get(key.slot)
            ours = standing is None or standing.identity == key.identity
        except EntryCorrupt:
            ours = True
        slots = slots_of(key) if ours else (key.identity,)
        for slot in slots:
            await self._store.delete(slot)
        await self._spool.drop(key)
        for slot in slots:
            await self._delete_near(slot)
            self._memory.delete(slot)

    async def _put_near(self, slot: str, entry: Entry) -> None:
        try:
            await self._near.put(slot, entry)
        except TierUnavailable as error:
            self._failed(self._near.name, error)

    async def _get_near(self, slot: str) -> Entry | None:
        """The near tier is a shortcut: broken or corrupt, it is passed by."""
        try:
            return await self._near.get(slot)
        except TierUnavailable as error:
            self._failed(self._near.name, error)
        except EntryCorrupt as error:
            self._corrupt(self._near.name, slot, error)
            await self._delete_near(slot)
        return None

    async def _get_stored(self, slot: str) -> Entry | None:
        try:
            return await self._store.get(slot)
        except TierUnavailable as error:
            self._failed(self._store.name, error)
            raise
        except EntryCorrupt as error:
            self._corrupt(self._store.name, slot, error)
            raise

    async def _delete_near(self, slot: str) -> None:
        try:
            await self._near.delete(slot)
        except TierUnavailable as error:
            self._failed(self._near.name, error)

    def _failed(self, tier: str, error: CacheError) -> None:
        self._observer.tier_failed(tier)
        self._log.warning("%s failed: %s", tier, error)

    def _corrupt(self, tier: str, slot: str, error: EntryCorrupt) -> None:
        self._observer.corrupt(tier)
        self._log.error("%s holds a corrupt entry in %s: %s", tier, slot, error)

    def _collided(self, slot: str) -> None:
        self._observer.collided()
        self._log.error("slot %s holds another identity: somebody builds collisions", slot)
