"""The journal of purges: what it covers, its one order, and what stays of it."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from core.models import Project
from core.purging.ports import (
    Everything,
    Flow,
    Images,
    Place,
    Slots,
    Struck,
    Through,
)
from core.records.database import Database
from core.records.generations import SqlGenerations
from core.records.images import SqlImageLibrary
from core.records.library import SqlGenerationLibrary
from core.records.purges import SqlPurges
from core.records.tables import purge_deliveries
from tests.core.records.purge_samples import gone, kept, key_of
from tests.core.records.samples import NOON, SetClock, a_generation, an_image


async def delivered(database: Database, number: int) -> list[tuple[list[str], datetime]]:
    query = select(purge_deliveries.c.tags, purge_deliveries.c.next_at)
    query = query.where(purge_deliveries.c.purge_number == number)
    async with database.reading() as connection:
        return [(row.tags, row.next_at) for row in await connection.execute(query)]


async def test_five_purges_at_once_are_five_numbers_in_a_row(
    purges: SqlPurges, images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    for owner in (project, stranger):
        await kept(images, owner, 1)
    start = await purges.number()
    parts = await asyncio.gather(
        *(
            purges.write(owner, Everything(), tombstone=False)
            for owner in (project, stranger, project, stranger, project)
        )
    )
    numbers = sorted(part.purge.number for part in parts)
    assert numbers == list(range(start + 1, start + 6))
    assert [purge.number for purge in await purges.since(start, ())] == numbers
    assert await purges.number() == start + 5


async def test_a_reader_never_sees_a_number_before_a_smaller_one(
    purges: SqlPurges, project: Project
) -> None:
    start = await purges.number()
    writing = [asyncio.create_task(purges.note(project.id, [], ())) for _ in range(12)]
    seen: list[list[int]] = []
    while not all(task.done() for task in writing):
        seen.append([purge.number for purge in await purges.since(start, ())])
    assert all(each == list(range(start + 1, start + 1 + len(each))) for each in seen)
    await asyncio.gather(*writing)


async def test_live_pictures_go_and_ordered_ones_keep_their_masters(
    purges: SqlPurges, images: SqlImageLibrary, project: Project
) -> None:
    live = await kept(images, project, 1, alias="@live")
    ordered = await kept(images, project, 2, origin="rest", alias="@ordered")
    brought = await kept(images, project, 3, origin="rest", source="uploaded")
    part = await purges.write(project, Everything(), tombstone=False)
    assert gone(part) == {live.slot: True, ordered.slot: False, brought.slot: False}
    deleted = await images.find(project.id, live.id, include_deleted=True)
    assert deleted is not None
    assert (deleted.deleted_at, deleted.stored, deleted.alias) == (NOON, False, None)
    standing = await images.many(project.id, (live.id, ordered.id, brought.id))
    assert standing.keys() == {ordered.id, brought.id}
    assert standing[ordered.id].alias == "@ordered"


async def test_a_live_picture_that_was_also_ordered_keeps_its_master(
    purges: SqlPurges, images: SqlImageLibrary, project: Project
) -> None:
    live = await kept(images, project, 1)
    await kept(images, project, 1, origin="rest")
    part = await purges.write(project, Images((live.id,)), tombstone=False)
    assert gone(part) == {live.slot: False}


async def test_a_prompt_a_scope_and_a_key_tag_take_whatever_stands_there(
    purges: SqlPurges,
    images: SqlImageLibrary,
    generations: SqlGenerations,
    project: Project,
) -> None:
    by_prompt = await kept(images, project, 1, origin="rest")
    by_tag = await kept(images, project, 2, origin="rest")
    place = key_of(3)
    made = a_generation(project, scope_id="s", slot=place.slot, identity=place.identity)
    await generations.begin(made)
    by_scope = an_image(made, origin="rest")
    await generations.succeed(project.id, made.id, by_scope, cost_micros=1, processing_ms=1)
    for cover, image in (
        (Place(key_of(1)), by_prompt),
        (Slots(by_tag.slot[:16]), by_tag),
        (Through("s"), by_scope),
    ):
        part = await purges.write(project, cover, tombstone=False)
        assert gone(part)[image.slot] is True, cover
        assert await images.find(project.id, image.id) is None, cover


async def test_a_scope_has_what_was_made_through_it_before_it_was_made_again(
    purges: SqlPurges,
    images: SqlImageLibrary,
    library: SqlGenerationLibrary,
    project: Project,
    stranger: Project,
) -> None:
    before, after = await kept(images, project, 1), await kept(images, project, 2)
    theirs = await kept(images, stranger, 1)
    old = a_generation(
        project, scope_id="s", status="success", slot=before.slot, identity=before.identity
    )
    await library.insert(old)
    anew = replace(old, scope_id=None, origin="rest", slot=after.slot, identity=after.identity)
    await library.restart(project.id, anew, expected=("success",))
    assert gone(await purges.write(project, Through("other"), tombstone=True)) == {}
    assert gone(await purges.write(project, Through("s"), tombstone=True)) == {before.slot: True}
    assert await purges.stands(project.id, before.identity)
    assert not await purges.stands(project.id, after.identity)
    assert await images.find(stranger.id, theirs.id) == theirs


async def test_a_prompt_without_any_record_is_struck_all_the_same(
    purges: SqlPurges, project: Project
) -> None:
    part = await purges.write(project, Place(key_of(9)), tombstone=False)
    assert part.purge.struck == (Struck(key_of(9), gone=True, known=False),)


async def test_what_is_being_made_is_struck_as_well(
    purges: SqlPurges,
    library: SqlGenerationLibrary,
    generations: SqlGenerations,
    project: Project,
) -> None:
    waiting = a_generation(project, status="pending", flow_id="f", slot=key_of(1).slot)
    await library.insert(waiting)
    running = a_generation(project, scope_id="s", slot=key_of(2).slot)
    await generations.begin(running)
    flow = await purges.write(project, Flow("f"), tombstone=True)
    scope = await purges.write(project, Through("s"), tombstone=False)
    assert gone(flow) == {waiting.slot: True}
    assert gone(scope) == {running.slot: True}


async def test_another_projects_pictures_are_left_alone(
    purges: SqlPurges, images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    theirs = await kept(images, stranger, 1)
    covers = (Everything(), Images((theirs.id,)), Slots(theirs.slot[:16]), Flow("f"))
    for cover in covers:
        part = await purges.write(project, cover, tombstone=True)
        assert part.purge.struck == (), cover
    assert await images.find(stranger.id, theirs.id) == theirs
    assert not await purges.stands(stranger.id, theirs.identity)


async def test_a_scope_with_many_pictures_goes_in_parts(
    purges: SqlPurges, images: SqlImageLibrary, project: Project
) -> None:
    for number in range(1, 503):
        await kept(images, project, number)
    first = await purges.write(project, Everything(), tombstone=False)
    assert first.after is not None
    assert len(first.purge.struck) == 500
    assert first.purge.whole_project
    second = await purges.write(
        project, Everything(), tombstone=False, opening=first.purge, after=first.after
    )
    assert second.after is None
    assert len(second.purge.struck) == 2
    assert not second.purge.whole_project
    assert (first.tags, second.tags) == (("p-main-site",), ())
    again = await purges.write(project, Everything(), tombstone=False)
    assert again.purge.struck == (), "what went before need not go again"


async def test_a_purge_is_open_until_it_was_carried_out(
    purges: SqlPurges, clock: SetClock, project: Project, stranger: Project
) -> None:
    purge = await purges.note(project.id, [Struck(key_of(1), gone=True)], ())
    assert [each.number for each in await purges.open(project.id)] == [purge.number]
    assert await purges.open(stranger.id) == []
    assert await purges.abandoned(clock.now) == []
    later = clock.now + timedelta(seconds=1)
    assert [each.number for each in await purges.abandoned(later)] == [purge.number]
    await purges.end(purge, 0)
    assert await purges.open(project.id) == []
    assert await purges.abandoned(later) == []
    watched = await purges.since(await purges.number(), {purge.number})
    assert [(each.number, each.ended) for each in watched] == [(purge.number, True)]


async def test_cdns_are_told_only_once_it_was_carried_out(
    purges: SqlPurges, database: Database, images: SqlImageLibrary, project: Project
) -> None:
    image = await kept(images, project, 1, alias="@hero")
    part = await purges.write(project, Images((image.id,)), tombstone=False)
    ((tags, due),) = await delivered(database, part.purge.number)
    assert tags == [f"k-{image.slot[:16]}", f"i-{image.id}", "a-main-site-hero"]
    await purges.end(part.purge, 0)
    ((_, now_due),) = await delivered(database, part.purge.number)
    assert now_due < due
    await purges.end(part.purge, 3600)
    assert await delivered(database, part.purge.number) == [(tags, now_due)], "once is enough"


async def test_nothing_is_written_for_cdns_nobody_has(
    database: Database, clock: SetClock, project: Project
) -> None:
    silent = SqlPurges(database, clock)
    purge = await silent.note(project.id, [Struck(key_of(1), gone=True)], ("k-1",))
    assert await delivered(database, purge.number) == []


async def test_the_journal_forgets_what_is_done_and_told(
    purges: SqlPurges, database: Database, clock: SetClock, project: Project
) -> None:
    start = await purges.number()
    struck = [Struck(key_of(1), gone=True)]
    done = await purges.note(project.id, struck, ())
    untold = await purges.note(project.id, struck, ("k-1",))
    undone = await purges.note(project.id, struck, ())
    for purge in (done, untold):
        await purges.end(purge, 0)
    await purges.tidy(clock.now + timedelta(days=8))
    left = [purge.number for purge in await purges.since(start, ())]
    assert left == [untold.number, undone.number]
    assert await purges.number() == undone.number, "numbers go on"
