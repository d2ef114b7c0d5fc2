"""The hot entries of a process."""

from hypothesis import given
from hypothesis import strategies as st

from cache.entry import Entry
from cache.memory_tier import MemoryTier
from tests.cache.parts import entry_of, key_of


def test_an_entry_is_recalled_by_slot_and_identity():
    tier, key = MemoryTier(2**20), key_of("a")
    entry = entry_of(key)
    tier.put(key.slot, entry)
    assert tier.recall(key.slot, key.identity) is entry
    assert tier.recall(key.slot, key_of("b").identity) is None
    tier.delete(key.slot)
    assert tier.recall(key.slot, key.identity) is None
    assert tier.used == 0


def test_the_least_recently_recalled_goes_first():
    first, second, third = (key_of(text) for text in ("first", "second", "third"))
    measure = MemoryTier(2**20)
    measure.put(first.slot, entry_of(first))
    tier = MemoryTier(2 * measure.used, largest=1)
    tier.put(first.slot, entry_of(first))
    tier.put(second.slot, entry_of(second))
    assert tier.recall(first.slot, first.identity)
    tier.put(third.slot, entry_of(third))
    assert tier.recall(second.slot, second.identity) is None
    assert tier.recall(first.slot, first.identity)
    assert tier.recall(third.slot, third.identity)


def test_nothing_is_kept_when_it_is_off():
    tier, key = MemoryTier(0), key_of("a")
    tier.put(key.slot, entry_of(key, b""))
    assert (len(tier), tier.used) == (0, 0)


def test_one_large_entry_does_not_drive_out_the_others():
    tier, small, large = MemoryTier(16_000), key_of("small"), key_of("large")
    tier.put(small.slot, entry_of(small))
    tier.put(large.slot, entry_of(large, b"x" * 2_001))
    assert tier.recall(large.slot, large.identity) is None
    assert tier.recall(small.slot, small.identity)


def test_a_large_entry_also_ends_what_its_slot_held():
    tier, key = MemoryTier(16_000), key_of("a")
    tier.put(key.slot, entry_of(key, b"old"))
    tier.put(key.slot, entry_of(key, b"x" * 2_001))
    assert tier.recall(key.slot, key.identity) is None


@given(
    st.integers(0, 40_000),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3_000), st.booleans()), max_size=60),
)
def test_the_bound_holds_and_the_books_balance(bound, deeds):
    tier = MemoryTier(bound)
    for number, size, deleting in deeds:
        slot = f"{number:032x}"
        if deleting:
            tier.delete(slot)
        else:
            tier.put(slot, Entry("i" * 64, b"x" * size, {"type": "image/png"}))
        assert tier.used <= bound
    for number in range(10):
        tier.delete(f"{number:032x}")
    assert tier.used == 0


def test_entries_are_dropped_by_what_they_say() -> None:
    tier = MemoryTier(1_000_000)
    for text in ("a", "b", "c"):
        key = key_of(text)
        tier.put(key.slot, Entry(key.identity, text.encode(), {"master": text}))
    tier.drop(lambda entry: entry.meta["master"] in {"a", "c", "z"})
    assert len(tier) == 1
    kept = key_of("b")
    assert tier.recall(kept.slot, kept.identity) is not None
    tier.delete(kept.slot)
    assert tier.used == 0
