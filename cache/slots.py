"""Which slot an entry stands in: the hash finds it, the identity decides."""

from cache.entry import Entry, Key
from cache.errors import EntryCorrupt
from cache.observer import Observer
from cache.tier import Store


def slots_of(key: Key) -> tuple[str, str]:
    """The usual slot, and the one for entries whose usual slot holds another identity."""
    return key.slot, key.identity


async def write_first(
    store: Store, key: Key, entry: Entry, observer: Observer
) -> tuple[str, Entry]:
    """Write unless somebody has; return where and what now stands for this key.

    Raises TierUnavailable, EntryCorrupt.
    """
    for slot in slots_of(key):
        standing = await store.put_first(slot, entry)
        if standing.identity == key.identity:
            return slot, standing
        observer.collided()
    raise EntryCorrupt("a slot named by its identity holds another one")
