"""What may not come back, and what flights learn of purges that came while they were under way."""

from dataclasses import replace

from core.models import Project
from core.purging.ports import Everything, Images, Struck, Through
from core.records.images import SqlImageLibrary
from core.records.purges import SqlPurges
from tests.core.records.purge_samples import kept, key_of
from tests.core.records.samples import a_generation


async def test_tombstones_stand_for_identities_and_images(
    purges: SqlPurges, images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    image = await kept(images, project, 1)
    copy = await kept(images, project, 1, source="uploaded")
    await purges.write(project, Images((image.id,)), tombstone=True)
    assert await purges.stands(project.id, image.identity)
    assert await purges.stands_for(project.id, image.id)
    assert await purges.stands_for(project.id, copy.id), "it stood on the same bytes"
    assert not await purges.stands(stranger.id, image.identity)
    assert not await purges.stands_for(stranger.id, image.id)
    await images.delete(project.id, image.id, hard=True)
    assert await purges.stands_for(project.id, image.id), "also without its record"


async def test_without_a_tombstone_nothing_stands_in_the_way(
    purges: SqlPurges, images: SqlImageLibrary, project: Project
) -> None:
    image = await kept(images, project, 1)
    await purges.write(project, Images((image.id,)), tombstone=False)
    assert not await purges.stands(project.id, image.identity)


async def test_a_picture_purged_before_can_still_be_taken_down_for_good(
    purges: SqlPurges, images: SqlImageLibrary, project: Project
) -> None:
    image = await kept(images, project, 1)
    await purges.write(project, Images((image.id,)), tombstone=False)
    part = await purges.write(project, Images((image.id,)), tombstone=True)
    assert part.purge.struck == (Struck(key_of(1), gone=True, known=False, images=(image.id,)),)
    assert await purges.stands(project.id, image.identity)


async def test_flights_learn_of_purges_after_their_own_beginning(
    purges: SqlPurges, images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    image = await kept(images, project, 1)
    flight = a_generation(project, slot=image.slot, identity=image.identity)
    before = await purges.number()
    assert not await purges.struck_since(flight, before)
    await purges.write(project, Images((image.id,)), tombstone=False)
    assert await purges.struck_since(flight, before)
    assert not await purges.struck_since(flight, await purges.number())
    assert not await purges.struck_since(replace(flight, identity="0" * 64), before)
    assert not await purges.struck_since(replace(flight, project_id=stranger.id), before)


async def test_flights_nobody_has_on_record_are_met_by_scope_and_project(
    purges: SqlPurges, project: Project
) -> None:
    flight = a_generation(project, scope_id="s")
    before = await purges.number()
    await purges.write(project, Through("s"), tombstone=False)
    assert await purges.struck_since(flight, before)
    assert not await purges.struck_since(replace(flight, scope_id="other"), before)
    after = await purges.number()
    await purges.write(project, Everything(), tombstone=False)
    assert await purges.struck_since(flight, after)
    ordered = replace(flight, scope_id=None, origin="rest")
    assert not await purges.struck_since(ordered, after), "what was ordered keeps its master"
    await purges.write(project, Everything(), tombstone=True)
    assert await purges.struck_since(ordered, after)


async def test_derivatives_learn_of_copies_as_well(purges: SqlPurges, project: Project) -> None:
    before = await purges.number()
    await purges.note(project.id, [Struck(key_of(1), gone=False)], ())
    assert await purges.purged_since(project.id, key_of(1).slot, before)
    assert not await purges.purged_since(project.id, key_of(2).slot, before)
    flight = a_generation(project, slot=key_of(1).slot, identity=key_of(1).identity)
    assert not await purges.struck_since(flight, before)
