"""What every tier and every store promises, whatever it is made of."""

import asyncio
import random

import pytest

from cache.entry import Entry
from cache.errors import EntryCorrupt
from tests.cache.parts import entry_of, key_of


async def _write(place, key, entry):
    write = getattr(place.tier, "put_first", None) or place.tier.put
    await write(key.slot, entry)


async def test_an_absent_slot_is_none(place):
    assert await place.tier.get(key_of("absent").slot) is None


@pytest.mark.parametrize("size", [0, 1, 100_000, 5_000_000])
async def test_an_entry_comes_back_as_it_went(place, size):
    key = key_of("a")
    entry = Entry(
        key.identity, random.Random(size).randbytes(size), {"type": "image/png", "note": "x=y; z"}
    )
    await _write(place, key, entry)
    assert await place.tier.get(key.slot) == entry


async def test_a_slot_may_bear_the_longer_name_of_an_identity(place):
    key = key_of("a")
    long = key_of("a", slot=key.identity)
    await _write(place, long, entry_of(key))
    assert await place.tier.get(key.identity) == entry_of(key)
    assert await place.tier.get(key.slot) is None


async def test_a_deleted_entry_is_absent_and_may_be_deleted_again(place):
    key = key_of("a")
    await _write(place, key, entry_of(key))
    await place.tier.delete(key.slot)
    await place.tier.delete(key.slot)
    assert await place.tier.get(key.slot) is None


async def test_many_readers_get_the_same(place):
    key = key_of("a")
    await _write(place, key, entry_of(key))
    found = await asyncio.gather(*(place.tier.get(key.slot) for _ in range(60)))
    assert found == [entry_of(key)] * 60


DAMAGES = {
    "truncated": lambda stored: stored[:-5],
    "halved": lambda stored: stored[: len(stored) // 2],
    "emptied": lambda stored: b"",
    "flipped in the body": lambda stored: bytes([stored[0] ^ 1]) + stored[1:],
    "flipped in the trailer": lambda stored: stored[:-30] + bytes([stored[-30] ^ 1]) + stored[-29:],
    "replaced": lambda stored: b"GIF89a",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
async def test_what_is_damaged_is_never_served(encoded_place, damage):
    key = key_of("a")
    await _write(encoded_place, key, entry_of(key))
    await encoded_place.damage(key.slot, damage)
    with pytest.raises(EntryCorrupt):
        await encoded_place.tier.get(key.slot)


async def test_a_tier_keeps_the_latest(tier_place):
    key = key_of("a")
    await tier_place.tier.put(key.slot, entry_of(key, b"old"))
    await tier_place.tier.put(key.slot, entry_of(key, b"new"))
    assert await tier_place.tier.get(key.slot) == entry_of(key, b"new")


async def test_a_store_keeps_the_first(store_place):
    key = key_of("a")
    ours, theirs = entry_of(key, b"first"), entry_of(key, b"second")
    assert await store_place.tier.put_first(key.slot, ours) == ours
    assert await store_place.tier.put_first(key.slot, theirs) == ours
    assert await store_place.tier.get(key.slot) == ours


async def test_a_store_takes_its_own_entry_a_second_time(store_place):
    """As after a lost reply."""
    key = key_of("a")
    assert await store_place.tier.put_first(key.slot, entry_of(key)) == entry_of(key)
    assert await store_place.tier.put_first(key.slot, entry_of(key)) == entry_of(key)


async def test_a_corrupt_winner_is_reported_not_overwritten(store_place):
    key = key_of("a")
    await store_place.tier.put_first(key.slot, entry_of(key))
    await store_place.damage(key.slot, lambda stored: stored[:-1])
    with pytest.raises(EntryCorrupt):
        await store_place.tier.put_first(key.slot, entry_of(key))


async def test_a_store_replaces_what_it_is_told_to_also_nothing_and_what_is_damaged(store_place):
    key = key_of("a")
    for body in (b"old", b"new"):
        await store_place.tier.replace(key.slot, entry_of(key, body))
        assert await store_place.tier.get(key.slot) == entry_of(key, body)
    await store_place.damage(key.slot, lambda stored: stored[:-1])
    await store_place.tier.replace(key.slot, entry_of(key, b"newer"))
    assert await store_place.tier.put_first(key.slot, entry_of(key)) == entry_of(key, b"newer")


async def test_readers_of_what_is_replaced_see_one_or_the_other_whole(store_place):
    key = key_of("a")
    bodies = [bytes([number]) * 200_000 for number in range(6)]
    await store_place.tier.replace(key.slot, entry_of(key, bodies[0]))

    async def read():
        return (await store_place.tier.get(key.slot)).body

    async def write(body):
        await store_place.tier.replace(key.slot, entry_of(key, body))

    work = [job for body in bodies for job in (read(), write(body), read())]
    seen = await asyncio.gather(*work)
    assert {body for body in seen if body is not None} <= set(bodies)


async def test_after_a_deletion_somebody_else_may_be_first(store_place):
    key = key_of("a")
    await store_place.tier.put_first(key.slot, entry_of(key, b"old"))
    await store_place.tier.delete(key.slot)
    new = entry_of(key, b"new")
    assert await store_place.tier.put_first(key.slot, new) == new


async def test_a_store_names_every_slot_it_holds_and_nothing_else(store_place):
    keys = [key_of(f"number {number}") for number in range(7)]
    for key in keys:
        await store_place.tier.put_first(key.slot, entry_of(key))
    await store_place.tier.put_first(keys[0].identity, entry_of(keys[0]))
    await store_place.tier.delete(keys[1].slot)
    held = {keys[0].identity, *(key.slot for key in keys)} - {keys[1].slot}
    listed = [slot async for slot in store_place.tier.slots()]
    assert (set(listed), len(listed)) == (held, 7)


async def test_an_empty_store_names_nothing(store_place):
    assert [slot async for slot in store_place.tier.slots()] == []
