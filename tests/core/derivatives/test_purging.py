"""What was purged leaves nothing behind, not even what was being made meanwhile."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cache.errors import TierUnavailable
from core.errors import StoreDown
from core.variants import Wish
from tests.cache.parts import until
from tests.core.derivatives.house import BROWSER, House, a_master
from tests.core.fakes import PROJECT

SMALL = Wish(width=64, format="webp")
WISHES = (SMALL, Wish(width=32), Wish(width=20, height=20, format="jpeg"))


async def filled(house: House) -> None:
    for text in ("one", "two"):
        for wish in WISHES:
            await house.of(a_master(text), wish)


async def test_erasing_deletes_every_derivative_in_every_tier(house: House) -> None:
    await filled(house)
    (gone, _), (stays, _) = a_master("one"), a_master("two")
    assert await house.derivatives.erase(PROJECT.id, [gone.slot]) == 3
    assert {row.master_slot for row in house.book.rows.values()} == {stays.slot}
    assert len(house.store.held) == len(house.near.held) == len(house.memory) == 3
    assert {entry.meta["master"] for entry in house.store.held.values()} == {stays.slot}
    assert await house.recall(a_master("one"), SMALL) is None
    assert await house.recall(a_master("two"), SMALL) is not None
    assert await house.derivatives.erase(PROJECT.id, [gone.slot]) == 0


async def test_a_stranger_erases_nothing(house: House) -> None:
    await filled(house)
    key, _ = a_master("one")
    assert await house.derivatives.erase("p2", [key.slot]) == 0
    assert len(house.store.held) == 6


async def test_a_store_that_does_not_answer_leaves_the_rows_to_try_again_by(house: House) -> None:
    await filled(house)
    key, _ = a_master("one")
    house.store.errors["delete"] = TierUnavailable("away")
    with pytest.raises(StoreDown):
        await house.derivatives.erase(PROJECT.id, [key.slot])
    del house.store.errors["delete"]
    assert await house.derivatives.erase(PROJECT.id, [key.slot]) > 0
    assert len(house.store.held) == 3


async def test_evicting_empties_this_process_s_memory_alone(house: House) -> None:
    await filled(house)
    key, _ = a_master("one")
    house.derivatives.evict([key.slot])
    assert len(house.memory) == 3
    assert house.decoded.used == 168 * 96 * 4
    assert await house.recall(a_master("one"), SMALL) is None
    assert len(house.store.held) == 6
    house.derivatives.evict(None)
    assert len(house.memory) == house.decoded.used == 0
    assert await house.recall(a_master("two"), SMALL) is None


async def test_what_was_read_before_a_purge_is_not_believed_after_it(house: House) -> None:
    old = a_master("one")
    await house.of(old, SMALL)
    house.derivatives.evict([old[0].slot])
    # Somebody who had the master in hand comes late.
    await house.of(old, SMALL)
    assert await house.recall(old, SMALL) is None
    house.now += 6
    await house.of(old, SMALL)
    assert await house.recall(old, SMALL) is not None


async def test_a_picture_made_anew_shares_nothing_with_the_old_one(house: House) -> None:
    key, old = a_master("one")
    _, new = a_master("two")
    before = await house.of((key, old), SMALL)
    after = await house.of((key, replace(new, slot=key.slot)), SMALL)
    assert after.made
    assert after.key != before.key
    recalled = await house.recall((key, new), SMALL)
    assert recalled is not None
    assert recalled.key == after.key


@pytest.mark.parametrize("moment", ["before the store has it", "after the store has it"])
async def test_a_purge_while_it_is_made_wins(house: House, moment: str) -> None:
    key, master = a_master("one")

    async def purge() -> None:
        house.purges.log.append(key.slot)
        house.derivatives.evict([key.slot])
        await house.derivatives.erase(PROJECT.id, [key.slot])

    if moment == "before the store has it":
        house.executor.gate.clear()
        waiting = asyncio.create_task(house.of((key, master), SMALL))
        await until(lambda: house.executor.submitted == 1)
        await purge()
        house.executor.gate.set()
    else:
        house.purges.asked = lambda: house.purges.log.append(key.slot)
        waiting = asyncio.create_task(house.of((key, master), SMALL))
    # Those who asked before the purge are still answered.
    assert (await waiting).made
    assert not house.store.held
    assert not house.book.rows
    assert not len(house.memory)
    assert not house.near.held


async def test_a_purge_between_reading_the_master_and_deriving_wins_as_well(house: House) -> None:
    key, master = a_master("one")
    await house.of(a_master("two"), SMALL)
    house.now += 1
    house.purges.log.append(key.slot)
    assert (await house.of((key, master), SMALL)).made
    assert len(house.store.held) == 1
    house.now += 10
    await house.of((key, master), SMALL)
    assert len(house.store.held) == 2


async def test_what_waits_for_its_turn_heeds_a_purge_of_the_meantime(house: House) -> None:
    (key, _), turn = a_master("one"), asyncio.Event()
    house.later.start(a_master("busy")[0], turn.wait)
    first = await house.of(a_master("one"), Wish(width=64, format="auto"), accept=BROWSER)
    assert not first.final
    house.purges.log.append(key.slot)
    await house.derivatives.erase(PROJECT.id, [key.slot])
    for text in ("two", "three"):
        # The world goes on; the journal is looked at for others.
        house.now += 4
        await house.of(a_master(text), SMALL)
    turn.set()
    await house.later.settle()
    assert house.meter.made_of["avif"] == 1, "it had its turn"
    tiers = (house.store, house.near)
    assert [e for tier in tiers for e in tier.held.values() if e.meta["master"] == key.slot] == []
    assert await house.book.of_masters(PROJECT.id, [key.slot]) == []
    assert await house.recall(a_master("one"), Wish(width=64, format="avif")) is None


async def test_a_journal_that_falls_silent_means_the_worst(house: House) -> None:
    def fall_silent() -> None:
        house.purges.away = True

    house.purges.asked = fall_silent
    assert (await house.of(a_master(), SMALL)).made
    assert not house.store.held


async def test_the_longest_unused_go_first(house: House) -> None:
    await filled(house)
    now = datetime.now(UTC)
    for age, slot in enumerate(sorted(house.book.rows)):
        row = house.book.rows[slot]
        house.book.rows[slot] = replace(row, used_at=now - timedelta(days=age))
    oldest = sorted(house.book.rows)[-2:]
    size = sum(house.book.rows[slot].file_size for slot in oldest)
    before = now - timedelta(days=3, hours=12)
    assert await house.derivatives.drop_unused(before, 10) == (2, size)
    assert set(house.store.held) == set(house.book.rows) == set(sorted(house.book.rows)[:4])
    dropped, _ = await house.derivatives.drop_unused(None, 3)
    assert dropped == len(house.store.held) + 2 == 3
    assert await house.derivatives.drop_unused(before, 10) == (0, 0)
