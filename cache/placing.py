"""Puts an entry in another's place on purpose, while nobody else may fill the slot."""

from cache.entry import Entry, Key
from cache.search import Search
from cache.tier import Lease


class Place:
    """What stands under one key, in the hands of whoever holds its lease."""

    def __init__(self, key: Key, lease: Lease, search: Search) -> None:
        self.key = key
        self._lease = lease
        self._search = search

    async def put(self, entry: Entry) -> None:
        """In place of what stands; its copies are dropped here and in the near tier. Other
        processes keep theirs until they are told.

        Raises LeaseLost, TierUnavailable.
        """
        if entry.identity != self.key.identity:
            raise ValueError("the entry is of another identity")
        self._lease.ensure_held()
        await self._search.overwrite(self.key, entry)

    async def clear(self) -> None:
        """Nothing stands there. Raises TierUnavailable."""
        await self._search.forget(self.key, lambda _: True)
