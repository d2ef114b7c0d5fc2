"""The store as derivatives see it: what has no row of its own is not written."""

from cache.entry import Entry
from cache.tier import Store
from core.derivatives.keys import KEEP


class ListedOnly:
    """A store that takes an entry only when its maker has put it on record."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.name = store.name

    async def get(self, slot: str) -> Entry | None:
        """As Store.get."""
        return await self._store.get(slot)

    async def put_first(self, slot: str, entry: Entry) -> Entry:
        """As Store.put_first; an entry that is not to be kept stands without being written."""
        if entry.meta.get(KEEP) != "1":
            return entry
        return await self._store.put_first(slot, entry)

    async def replace(self, slot: str, entry: Entry) -> None:
        """As Store.replace, with the same reserve."""
        if entry.meta.get(KEEP) == "1":
            await self._store.replace(slot, entry)

    async def delete(self, slot: str) -> None:
        """As Store.delete."""
        await self._store.delete(slot)
