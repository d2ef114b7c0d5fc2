"""Storage by its records: what it holds, what nobody would miss, what was used."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from core.models import Generation, Image, Project
from core.records.database import Database
from core.records.flows import SqlFlowLibrary
from core.records.generations import SqlGenerations
from core.records.images import SqlImageLibrary
from core.records.library import SqlGenerationLibrary
from core.records.retention import SqlShelf
from core.records.tables import derivatives
from core.storage.shelf import Kept
from tests.core.records.samples import NOON, SetClock, a_generation, an_image, new_id

DAY = timedelta(days=1)


@pytest.fixture
def shelf(database: Database) -> SqlShelf:
    return SqlShelf(database)


@pytest.fixture
async def made(project: Project, generations: SqlGenerations) -> Generation:
    generation = a_generation(project)
    await generations.begin(generation)
    return generation


def a_live_image(made: Generation, slot: str, **changes: object) -> Image:
    facts = {"slot": slot.ljust(32, "0"), "identity": slot.ljust(64, "0"), "file_size": 1000}
    return an_image(made, **{**facts, **changes})


async def test_bytes_that_two_images_share_are_counted_once(
    database: Database, shelf: SqlShelf, images: SqlImageLibrary, made: Generation
) -> None:
    await images.insert(a_live_image(made, "a", file_size=700))
    await images.insert(a_live_image(made, "a", file_size=700))
    await images.insert(a_live_image(made, "b", file_size=50, stored=False))
    smaller = {"slot": "5" * 32, "identity": "6" * 64, "master_slot": "a", "master_identity": "a"}
    row = {**smaller, "project_id": made.project_id, "file_size": 30}
    async with database.writing() as connection:
        await connection.execute(insert(derivatives).values(**row, created_at=NOON, used_at=NOON))
    assert await shelf.kept() == Kept(masters=700, derivatives=30)


async def test_only_what_a_url_alone_leads_to_is_nobodys(
    shelf: SqlShelf,
    images: SqlImageLibrary,
    flows: SqlFlowLibrary,
    library: SqlGenerationLibrary,
    made: Generation,
) -> None:
    flow_id = new_id()
    await flows.ensure(made.project_id, flow_id)
    plain, gone_by, in_names = (a_live_image(made, slot) for slot in ("a", "b", "c"))
    for image in (plain, gone_by, in_names):
        await images.insert(image)
    await images.insert(a_live_image(made, "d", alias="@hero"))
    await images.insert(a_live_image(made, "e", flow_id=flow_id))
    await images.insert(a_live_image(made, "f", origin="rest"))
    await images.insert(a_live_image(made, "9", source="uploaded", origin="rest"))
    await images.insert(a_live_image(made, "8", stored=False))
    await images.insert(a_live_image(made, "7", deleted_at=NOON))
    await library.add_references(made.project_id, made.id, (gone_by.id,))
    await flows.merge_aliases(made.project_id, flow_id, {"@one": in_names.id})
    assert [image.id for image in await shelf.unused(None, 10)] == [plain.id]


async def test_what_somebody_ordered_is_somebodys_though_a_url_had_it_made(
    shelf: SqlShelf,
    images: SqlImageLibrary,
    library: SqlGenerationLibrary,
    made: Generation,
    stranger: Project,
) -> None:
    taken, shown, free = (a_live_image(made, slot) for slot in ("a", "b", "c"))
    ended = {"status": "success", "output_image_id": taken.id}
    await library.insert(replace(made, id=new_id(), origin="rest", **ended))
    await library.insert(replace(made, id=new_id(), **{**ended, "output_image_id": shown.id}))
    theirs = {**ended, "origin": "rest", "output_image_id": free.id}
    await library.insert(a_generation(stranger, **theirs))
    for image in (taken, shown, free):
        await images.insert(image)
    unused = {image.id for image in await shelf.unused(None, 10)}
    assert unused == {shown.id, free.id}


async def test_the_longest_unused_come_first_and_a_use_saves(
    shelf: SqlShelf, images: SqlImageLibrary, made: Generation
) -> None:
    old, older = (
        a_live_image(made, slot, created_at=NOON - days * DAY)
        for slot, days in (("a", 20), ("b", 30))
    )
    await images.insert(old)
    await images.insert(older)
    assert [image.id for image in await shelf.unused(None, 10)] == [older.id, old.id]
    await shelf.note_used(made.project_id, {older.id}, NOON)
    assert [image.id for image in await shelf.unused(None, 10)] == [old.id, older.id]
    assert [image.id for image in await shelf.unused(NOON - 10 * DAY, 10)] == [old.id]
    assert await shelf.unused(NOON - 20 * DAY, 10) == []


async def test_a_use_is_noted_once_a_day(
    shelf: SqlShelf, images: SqlImageLibrary, made: Generation, stranger: Project
) -> None:
    image = a_live_image(made, "a")
    await images.insert(image)
    await shelf.note_used(stranger.id, {image.id}, NOON)
    assert await images.find(made.project_id, image.id) == image
    for when in (NOON, NOON + DAY / 2):
        await shelf.note_used(made.project_id, {image.id}, when)
        assert await images.find(made.project_id, image.id) == replace(image, used_at=NOON)
    later = NOON + 1.5 * DAY
    await shelf.note_used(made.project_id, {image.id}, later)
    assert await images.find(made.project_id, image.id) == replace(image, used_at=later)


async def test_more_uses_than_a_statement_takes_are_noted(
    shelf: SqlShelf, images: SqlImageLibrary, made: Generation
) -> None:
    image = a_live_image(made, "a")
    await images.insert(image)
    others = {f"{number:036}" for number in range(33_000)}
    await shelf.note_used(made.project_id, others | {image.id}, NOON)
    assert await images.find(made.project_id, image.id) == replace(image, used_at=NOON)


async def test_deleted_images_are_listed_once_their_time_has_passed(
    shelf: SqlShelf, images: SqlImageLibrary, made: Generation, clock: SetClock
) -> None:
    first, second, kept = (a_live_image(made, slot) for slot in ("a", "b", "c"))
    for image in (first, second, kept):
        await images.insert(image)
    for image in (first, second):
        await images.delete(made.project_id, image.id)
        clock.now += DAY
    listed = await shelf.deleted(NOON + DAY / 2, 10)
    assert [image.id for image in listed] == [first.id]
    assert len(await shelf.deleted(NOON + 5 * DAY, 10)) == 2


async def test_bytes_that_arrive_late_are_stored_from_then_on(
    shelf: SqlShelf, images: SqlImageLibrary, made: Generation
) -> None:
    late = a_live_image(made, "a", stored=False)
    other = a_live_image(made, "a", identity="f" * 64, stored=False)
    await images.insert(late)
    await images.insert(other)
    await shelf.arrived(late.slot, late.identity)
    assert await images.find(made.project_id, late.id) == replace(late, stored=True)
    assert await images.find(made.project_id, other.id) == other
