"""The hot entries of this process: an LRU bounded in bytes, asked without a network or an await."""

from collections import OrderedDict
from collections.abc import Callable

from cache.entry import Entry

# What an entry costs beside its texts and bytes: the objects, the slot's place in the dictionary.
_OVERHEAD = 1_500


class MemoryTier:
    """Holds at most ``bound`` bytes, the least recently used go first; 0 holds nothing.

    An entry larger than ``1/largest`` of the bound is not kept: it would drive out too many others.
    Entries are trusted: their bodies were verified when they were decoded, or just made.
    """

    name = "memory"

    def __init__(self, bound: int, *, largest: int = 8) -> None:
        self._bound = bound
        self._largest = bound // largest
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self.used = 0

    def __len__(self) -> int:
        return len(self._entries)

    def recall(self, slot: str, identity: str) -> Entry | None:
        """The entry in the slot, if it is the answer to this identity."""
        entry = self._entries.get(slot)
        if entry is None or entry.identity != identity:
            return None
        self._entries.move_to_end(slot)
        return entry

    def put(self, slot: str, entry: Entry) -> None:
        """Keep the entry in place of whatever the slot held."""
        self.delete(slot)
        size = _size_of(slot, entry)
        if size > self._largest:
            return
        self._entries[slot] = entry
        self.used += size
        while self.used > self._bound:
            oldest, gone = self._entries.popitem(last=False)
            self.used -= _size_of(oldest, gone)

    def delete(self, slot: str) -> None:
        entry = self._entries.pop(slot, None)
        if entry is not None:
            self.used -= _size_of(slot, entry)

    def drop(self, condition: Callable[[Entry], bool]) -> None:
        """Drop every entry for which the condition holds; it is asked of all of them."""
        for slot in [slot for slot, entry in self._entries.items() if condition(entry)]:
            self.delete(slot)

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
        self.used = 0


def _size_of(slot: str, entry: Entry) -> int:
    facts = sum(len(name) + len(fact) for name, fact in entry.meta.items())
    return len(entry.body) + facts + len(slot) + len(entry.identity) + _OVERHEAD
