"""Deletes and names that move write down, where they happen, what has to be purged."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from core.models import Image, Project
from core.purging.ports import Purge
from core.records.database import Database
from core.records.generations import SqlGenerations
from core.records.images import SqlImageLibrary
from core.records.library import SqlGenerationLibrary
from core.records.purges import SqlPurges
from core.records.tables import purge_deliveries
from tests.core.records.purge_samples import kept, key_of
from tests.core.records.samples import SetClock, a_generation, an_image


@pytest.fixture
def announcing(database: Database) -> Database:
    return replace(database, announces=True)


@pytest.fixture
def images(announcing: Database, clock: SetClock) -> SqlImageLibrary:
    return SqlImageLibrary(announcing, clock)


@pytest.fixture
def library(announcing: Database, clock: SetClock) -> SqlGenerationLibrary:
    return SqlGenerationLibrary(announcing, clock)


async def told(database: Database) -> list[list[str]]:
    query = select(purge_deliveries.c.tags).order_by(purge_deliveries.c.purge_number)
    async with database.reading() as connection:
        return list(await connection.scalars(query))


def fates(purge: Purge) -> list[tuple[str, bool]]:
    return [(each.key.slot, each.gone) for each in purge.struck]


def tags_of(image: Image, *more: str) -> list[str]:
    return [f"k-{image.slot[:16]}", f"i-{image.id}", *more]


async def test_a_deleted_live_picture_is_to_be_purged_with_its_master(
    purges: SqlPurges, database: Database, images: SqlImageLibrary, project: Project
) -> None:
    image = await kept(images, project, 1, alias="@hero")
    await images.delete(project.id, image.id)
    (purge,) = await purges.open(project.id)
    assert fates(purge) == [(image.slot, True)]
    assert await told(database) == [tags_of(image, "a-main-site-hero")]
    deleted = await images.find(project.id, image.id, include_deleted=True)
    assert deleted is not None
    assert not deleted.stored


async def test_a_deleted_upload_loses_its_copies_only(
    purges: SqlPurges, images: SqlImageLibrary, project: Project
) -> None:
    image = await kept(images, project, 1, origin="rest", source="uploaded")
    await images.delete(project.id, image.id)
    (purge,) = await purges.open(project.id)
    assert fates(purge) == [(image.slot, False)]
    deleted = await images.find(project.id, image.id, include_deleted=True)
    assert deleted is not None
    assert deleted.stored


async def test_a_live_picture_somebody_else_shows_keeps_its_master(
    purges: SqlPurges, images: SqlImageLibrary, project: Project
) -> None:
    image = await kept(images, project, 1)
    await kept(images, project, 1)
    await images.delete(project.id, image.id)
    (purge,) = await purges.open(project.id)
    assert fates(purge) == [(image.slot, False)]


async def test_deleting_twice_or_nothing_writes_nothing(
    purges: SqlPurges, images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    image = await kept(images, project, 1)
    await images.delete(stranger.id, image.id)
    assert await purges.number() == 0
    await images.delete(project.id, image.id)
    await images.delete(project.id, image.id)
    assert len(await purges.since(0, ())) == 1


async def test_a_deleted_generation_purges_its_picture(
    purges: SqlPurges,
    generations: SqlGenerations,
    library: SqlGenerationLibrary,
    project: Project,
) -> None:
    key = key_of(1)
    made = a_generation(project, slot=key.slot, identity=key.identity)
    await generations.begin(made)
    await generations.succeed(project.id, made.id, an_image(made), cost_micros=1, processing_ms=1)
    await library.delete(project.id, made.id)
    (purge,) = await purges.open(project.id)
    assert fates(purge) == [(key.slot, True)]


async def test_an_alias_that_moves_is_told_and_leaves_nothing_to_do(
    purges: SqlPurges, database: Database, images: SqlImageLibrary, project: Project
) -> None:
    await kept(images, project, 1, alias="@hero")
    second = await kept(images, project, 2, origin="rest", alias="@other")
    assert await told(database) == [], "nobody had these names before"
    await images.assign_alias(project.id, second.id, "@hero")
    assert await told(database) == [["a-main-site-hero", "a-main-site-other"]]
    await images.assign_alias(project.id, second.id, "@hero")
    assert len(await told(database)) == 1, "it stayed where it was"
    await images.assign_alias(project.id, second.id, None)
    assert (await told(database))[1:] == [["a-main-site-hero"]]
    assert await purges.open(project.id) == []


async def test_an_upload_under_a_taken_name_moves_it_as_well(
    database: Database, images: SqlImageLibrary, project: Project
) -> None:
    await kept(images, project, 1, alias="@hero")
    await kept(images, project, 2, alias="@hero")
    assert await told(database) == [["a-main-site-hero"]]


async def test_where_no_cdn_has_to_be_told_names_move_without_a_word(
    database: Database, clock: SetClock, purges: SqlPurges, project: Project
) -> None:
    silent = SqlImageLibrary(database, clock)
    await kept(silent, project, 1, alias="@hero")
    await kept(silent, project, 2, alias="@hero")
    assert await purges.number() == 0
    assert await told(database) == []
