"""What an earlier run left behind: what the records say of it."""

from datetime import timedelta

import pytest

from core.models import Project
from core.purging.ports import Images, Place, Struck
from core.records.database import Database
from core.records.images import SqlImageLibrary
from core.records.leftovers import SqlLeftovers
from core.records.purges import SqlPurges
from core.records.retention import SqlShelf
from tests.core.records.purge_samples import kept, key_of
from tests.core.records.samples import NOON, SetClock, a_generation, an_image, new_id

LEFT_AT = NOON - timedelta(hours=1)
KEY = key_of(1)


@pytest.fixture
def leftovers(database: Database) -> SqlLeftovers:
    return SqlLeftovers(database)


@pytest.fixture
def purges(database: Database, clock: SetClock) -> SqlPurges:
    return SqlPurges(database, clock)


@pytest.fixture
def images(database: Database, clock: SetClock) -> SqlImageLibrary:
    return SqlImageLibrary(database, clock)


async def test_what_nobody_took_away_is_wanted(
    leftovers: SqlLeftovers, images: SqlImageLibrary, project: Project
) -> None:
    image = await kept(images, project, 1)
    assert await leftovers.wanted(KEY, image.id, LEFT_AT)
    assert await leftovers.wanted(key_of(2), new_id(), LEFT_AT), "it never came to a record"


async def test_a_tombstone_says_no_at_any_time(
    leftovers: SqlLeftovers, images: SqlImageLibrary, purges: SqlPurges, project: Project
) -> None:
    image = await kept(images, project, 1)
    await purges.write(project, Place(KEY), tombstone=True)
    assert not await leftovers.wanted(KEY, image.id, NOON + timedelta(days=1))
    assert await leftovers.wanted(key_of(2), new_id(), LEFT_AT)


@pytest.mark.parametrize("origin", ["live", "rest"])
async def test_a_purge_of_the_master_says_no(
    leftovers: SqlLeftovers,
    images: SqlImageLibrary,
    purges: SqlPurges,
    project: Project,
    origin: str,
) -> None:
    image = await kept(images, project, 1, origin=origin)
    await purges.write(project, Place(KEY), tombstone=False)
    assert not await leftovers.wanted(KEY, image.id, LEFT_AT)


async def test_a_purge_of_copies_alone_takes_nothing_that_waits(
    leftovers: SqlLeftovers, images: SqlImageLibrary, purges: SqlPurges, project: Project
) -> None:
    image = await kept(images, project, 1, origin="rest")
    await purges.write(project, Images((image.id,)), tombstone=False)
    assert await leftovers.wanted(KEY, image.id, LEFT_AT)


async def test_a_picture_made_after_the_purge_is_wanted(
    leftovers: SqlLeftovers, images: SqlImageLibrary, purges: SqlPurges, project: Project
) -> None:
    old = await kept(images, project, 1)
    await purges.write(project, Place(KEY), tombstone=False)
    new = await kept(images, project, 1)
    assert await leftovers.wanted(KEY, new.id, NOON)
    assert not await leftovers.wanted(KEY, old.id, LEFT_AT)


async def test_bytes_whose_record_was_erased_are_not_wanted(
    leftovers: SqlLeftovers, purges: SqlPurges, project: Project
) -> None:
    await purges.note(project.id, [Struck(KEY, gone=True)], ())
    assert not await leftovers.wanted(KEY, new_id(), LEFT_AT)
    assert await leftovers.wanted(KEY, new_id(), NOON + timedelta(hours=1))


@pytest.mark.parametrize(("origin", "wanted"), [("live", False), ("rest", True)])
async def test_of_a_deletion_the_journal_forgot_the_record_still_tells(
    database: Database, images: SqlImageLibrary, project: Project, origin: str, wanted: bool
) -> None:
    leftovers, purges = SqlLeftovers(database), SqlPurges(database, lambda: NOON)
    image = await kept(images, project, 1, origin=origin)
    await images.delete(project.id, image.id)
    for purge in await purges.open(project.id):
        await purges.end(purge, 0)
    await purges.tidy(NOON + timedelta(days=1))
    assert await leftovers.wanted(KEY, image.id, LEFT_AT) is wanted


async def test_what_arrives_late_is_not_noted_on_deleted_records(
    database: Database, images: SqlImageLibrary, project: Project
) -> None:
    made = a_generation(project)
    gone, stays = (an_image(made, stored=False, origin="rest") for _ in range(2))
    for image in (gone, stays):
        await images.insert(image)
    await images.delete(project.id, gone.id)
    await SqlShelf(database).arrived(made.slot, made.identity)
    for image, stored in ((gone, False), (stays, True)):
        found = await images.find(project.id, image.id, include_deleted=True)
        assert found is not None
        assert found.stored is stored
