"""Purges: what was journalled happens, in every tier and process, whoever dies on the way."""

from datetime import timedelta

import pytest

from cache.entry import Key
from cache.errors import TierUnavailable
from core.errors import StoreDown
from core.models import Project
from core.purging.ports import Images as OfImages
from core.purging.service import ByAlias, ByImage, ByProject, ByPrompt
from core.purging.tags import key_tag
from tests.core.purge_bench import (
    REQUEST,
    Fleet,
    Process,
    entry,
    everywhere,
    live_key,
    remembered,
    stood,
)


async def test_a_purge_empties_the_store_the_near_tier_and_every_memory(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    image, key = await stood(fleet, project), live_key(project)
    await everywhere(processes, key)
    purged = await processes[0].purging.purge(project, ByPrompt(REQUEST), tombstone=False)
    assert (purged.masters, purged.derivatives) == (1, 3)
    assert (fleet.store.held, fleet.near.held) == ({}, {})
    assert remembered(processes, key) == [False, True, True]
    for process in processes[1:]:
        await process.reader.read()
    assert remembered(processes, key) == [False] * 3
    assert purged.tags == (key_tag(key.slot), f"i-{image.id}")
    assert all(key.slot in process.derivatives.evicted for process in processes)
    assert [await process.cache.lookup(key) for process in processes] == [None] * 3


async def test_who_reads_the_journal_before_the_store_is_empty_forgets_once_more(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    image, key = await stood(fleet, project), live_key(project)
    early = processes[1]
    part = await fleet.records.purges.write(project, OfImages((image.id,)), tombstone=False)
    await early.reader.read()
    await everywhere([early], key)
    await processes[0].purging.resume(part.purge)
    assert remembered([early], key) == [True]
    await early.reader.read()
    assert remembered([early], key) == [False]
    assert fleet.near.held == {}
    assert await early.reader.read() == 0


async def test_a_process_that_starts_late_heeds_what_is_still_open(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    image, key = await stood(fleet, project), live_key(project)
    part = await fleet.records.purges.write(project, OfImages((image.id,)), tombstone=False)
    newcomer = Process(fleet)
    await newcomer.reader.start()
    await everywhere([newcomer], key)
    await processes[0].purging.resume(part.purge)
    await newcomer.reader.read()
    assert remembered([newcomer], key) == [False]


async def test_what_a_dead_process_wrote_down_is_taken_up_by_another(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    image = await stood(fleet, project)
    await fleet.records.purges.write(project, OfImages((image.id,)), tombstone=False)
    other = processes[1]
    assert await other.reader.sweep() == 0, "it may still be at it"
    fleet.later = timedelta(minutes=2)
    assert await other.reader.sweep() == 1
    assert fleet.store.held == {}
    assert await other.reader.sweep() == 0


async def test_taking_up_an_old_purge_spares_what_was_made_since(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    image, key = await stood(fleet, project), live_key(project)
    await fleet.records.purges.write(project, OfImages((image.id,)), tombstone=False)
    fleet.later = timedelta(minutes=2)
    fresh = entry(key, created=int(fleet.clock().timestamp()))
    fleet.store.held[key.slot] = fresh
    await processes[1].reader.sweep()
    assert fleet.store.held == {key.slot: fresh}


async def test_a_store_that_is_away_delays_a_purge_and_does_not_lose_it(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    await stood(fleet, project)
    fleet.store.errors["delete"] = TierUnavailable("not now")
    with pytest.raises(StoreDown):
        await processes[0].purging.purge(project, ByPrompt(REQUEST), tombstone=False)
    assert processes[0].told.tags == [], "a CDN would fetch the old one again"
    fleet.store.errors.clear()
    fleet.later = timedelta(minutes=2)
    assert await processes[2].reader.sweep() == 1
    assert fleet.store.held == {}


async def test_a_big_purge_is_taken_up_where_it_was_left(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    keys = [Key(f"{number:032x}", f"{number:064x}") for number in range(1, 511)]
    for key in keys:
        await stood(fleet, project, key)
    fleet.store.errors["delete"] = TierUnavailable("not now")
    with pytest.raises(StoreDown):
        await processes[0].purging.purge(project, ByProject(), tombstone=False)
    fleet.store.errors.clear()
    fleet.later = timedelta(minutes=11)
    await processes[1].reader.sweep()
    assert fleet.store.held == {}
    assert await fleet.records.purges.open(project.id) == []


async def test_a_project_goes_whole_in_as_many_parts_as_it_takes(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    for number in range(1, 511):
        await stood(fleet, project, Key(f"{number:032x}", f"{number:064x}"))
    purged = await processes[0].purging.purge(project, ByProject(), tombstone=False)
    assert (purged.masters, purged.tags) == (510, ("p-main-site",))
    assert fleet.store.held == {}
    assert await fleet.records.purges.open(project.id) == []


async def test_what_was_ordered_loses_its_copies_and_keeps_its_master(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    await stood(fleet, project, origin="rest", alias="@hero")
    key = live_key(project)
    await everywhere(processes, key)
    purged = await processes[0].purging.purge(project, ByAlias("@hero"), tombstone=False)
    assert (purged.masters, purged.derivatives) == (1, 3)
    assert (fleet.near.held, remembered(processes[:1], key)) == ({}, [False])
    assert key.slot in fleet.store.held
    purged = await processes[0].purging.purge(project, ByAlias("@hero"), tombstone=True)
    assert (purged.masters, fleet.store.held) == (1, {})


@pytest.mark.parametrize(("source", "stays"), [("generated", False), ("uploaded", True)])
async def test_named_by_its_id_everything_goes_that_was_generated(
    fleet: Fleet, processes: list[Process], project: Project, source: str, stays: bool
) -> None:
    image = await stood(fleet, project, origin="rest", source=source)
    await everywhere(processes, live_key(project))
    purged = await processes[0].purging.purge(project, ByImage(image.id), tombstone=False)
    assert purged.masters == 1
    assert bool(fleet.store.held) == stays
    assert fleet.near.held == {}


async def test_a_picture_without_a_record_is_purged_by_its_prompt(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    key = live_key(project)
    fleet.store.held[key.slot] = entry(key)
    purging = processes[0].purging
    assert (await purging.purge(project, ByPrompt(REQUEST), tombstone=False)).masters == 1
    assert (await purging.purge(project, ByPrompt(REQUEST), tombstone=False)).masters == 0


async def test_a_replaced_picture_keeps_its_place_and_loses_its_copies(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    await stood(fleet, project)
    key = live_key(project)
    await everywhere(processes, key)
    fleet.store.held[key.slot] = fresh = entry(key, "the new one")
    purged = await processes[0].purging.replaced(project, key)
    assert purged.tags == (key_tag(key.slot),)
    await processes[1].reader.read()
    for process in processes[:2]:
        found = await process.cache.lookup(key)
        assert found is not None
        assert found.entry == fresh


async def test_a_forgotten_part_of_the_journal_empties_all_of_memory(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    other = Key("f" * 32, "f" * 64)
    await stood(fleet, project, other)
    sleeper = processes[2]
    await everywhere([sleeper], other)
    journal = fleet.records.purges
    await journal.end(await journal.note(project.id, [], ()), 0)
    await journal.tidy(fleet.clock() + timedelta(days=1))
    await journal.note(project.id, [], ())
    await sleeper.reader.read()
    assert remembered([sleeper], other) == [False]
    assert sleeper.derivatives.evicted == ["everything"]
