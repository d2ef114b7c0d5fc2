"""Images: named by one alias each, found by it, deleted softly or for good."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import AliasConflict
from core.listing import Window
from core.models import Image, Project
from core.records.flows import SqlFlowLibrary
from core.records.generations import SqlGenerations
from core.records.images import SqlImageLibrary
from core.records.library import SqlGenerationLibrary
from tests.core.records.samples import NOON, SetClock, a_generation, an_image

AtOnce = Callable[[int, Callable[[int], Awaitable[object]]], Awaitable[list[object]]]


def a_picture(project: Project, **changes: Any) -> Image:
    return an_image(a_generation(project), **changes)


async def holders(images: SqlImageLibrary, project: Project, alias: str) -> list[str]:
    return [one.id for one in (await images.listed(project.id, Window(), alias=alias)).rows]


async def test_an_image_comes_back_as_it_was_written(
    images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    image = a_picture(project, alias="@hero", flow_id="f", focal_x=0.25, source="uploaded")
    await images.insert(image, flow_alias="@step")
    assert await images.find(project.id, image.id) == image
    assert await images.by_project_alias(project.id, "@hero") == image
    assert await images.by_flow_alias(project.id, "f", "@step") == image
    for missing in (
        await images.find(stranger.id, image.id),
        await images.by_project_alias(stranger.id, "@hero"),
        await images.by_flow_alias(stranger.id, "f", "@step"),
        await images.by_project_alias(project.id, "@Hero"),
        await images.by_flow_alias(project.id, "g", "@step"),
    ):
        assert missing is None


async def test_inserting_again_changes_nothing(images: SqlImageLibrary, project: Project) -> None:
    image, other = a_picture(project, alias="@hero"), a_picture(project)
    await images.insert(image)
    await images.assign_alias(project.id, other.id, "@hero")
    await images.insert(other)
    await images.assign_alias(project.id, other.id, "@hero")
    await images.insert(replace(image, width=1), flow_alias="@step")
    assert await holders(images, project, "@hero") == [other.id]
    found = await images.find(project.id, image.id)
    assert found is not None
    assert (found.width, found.alias) == (image.width, None)


async def test_an_alias_moves_to_whoever_comes_last(
    images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    one, two = a_picture(project, alias="@hero"), a_picture(project, alias="@hero")
    theirs = a_picture(stranger, alias="@hero")
    for image in (theirs, one, two):
        await images.insert(image)
    assert await holders(images, project, "@hero") == [two.id]
    moved = await images.assign_alias(project.id, one.id, "@hero")
    assert moved is not None
    assert moved.alias == "@hero"
    assert await holders(images, project, "@hero") == [one.id]
    freed = await images.assign_alias(project.id, one.id, None)
    assert freed is not None
    assert freed.alias is None
    assert await holders(images, project, "@hero") == []
    assert await holders(images, stranger, "@hero") == [theirs.id]


async def test_a_taken_alias_is_refused_to_those_who_do_not_want_to_move_it(
    images: SqlImageLibrary, project: Project
) -> None:
    one, two = a_picture(project, alias="@hero"), a_picture(project)
    await images.insert(one)
    await images.insert(two)
    with pytest.raises(AliasConflict):
        await images.assign_alias(project.id, two.id, "@hero", move=False)
    assert await holders(images, project, "@hero") == [one.id]
    assert await images.assign_alias(project.id, one.id, "@hero", move=False) is not None
    await images.delete(project.id, one.id)
    assert await images.assign_alias(project.id, two.id, "@hero", move=False) is not None


async def test_of_claims_at_once_exactly_one_holds_the_name(
    images: SqlImageLibrary, project: Project, at_once: AtOnce
) -> None:
    pictures = [a_picture(project) for _ in range(8)]
    for image in pictures:
        await images.insert(image)
    moved = await at_once(8, lambda one: images.assign_alias(project.id, pictures[one].id, "@hero"))
    assert all(isinstance(each, Image) for each in moved), moved
    assert len(await holders(images, project, "@hero")) == 1
    fixed = await at_once(
        8, lambda one: images.assign_alias(project.id, pictures[one].id, "@sub", move=False)
    )
    assert [type(each) for each in fixed].count(AliasConflict) == 7
    assert len(await holders(images, project, "@sub")) == 1


async def test_only_what_is_given_is_edited(
    images: SqlImageLibrary, clock: SetClock, project: Project, stranger: Project
) -> None:
    image = a_picture(project)
    await images.insert(image)
    clock.now = NOON + timedelta(seconds=5)
    assert await images.edit(stranger.id, image.id, meta={"x": 1}) is None
    focal = await images.edit(project.id, image.id, focal=(0.0, 1.0))
    assert focal == replace(image, focal_x=0.0, focal_y=1.0, updated_at=clock.now)
    meta = await images.edit(project.id, image.id, meta={})
    assert meta == replace(focal, meta={})


@pytest.mark.parametrize("hard", [False, True])
async def test_a_deletion_frees_every_name(
    images: SqlImageLibrary, flows: SqlFlowLibrary, project: Project, stranger: Project, hard: bool
) -> None:
    image = a_picture(project, alias="@hero", flow_id="f")
    await images.insert(image, flow_alias="@step")
    assert await images.delete(stranger.id, image.id, hard=hard) is None
    assert await images.delete(project.id, image.id, hard=hard) == image
    assert await images.delete(project.id, image.id) is None
    assert await images.find(project.id, image.id) is None
    assert await images.by_project_alias(project.id, "@hero") is None
    assert await images.by_flow_alias(project.id, "f", "@step") is None
    assert await images.assign_alias(project.id, image.id, "@hero") is None
    assert await images.edit(project.id, image.id, meta={}) is None
    flow = await flows.find(project.id, "f")
    assert flow is not None
    assert (flow.aliases, flow.image_count) == ({}, 0)
    kept = await images.find(project.id, image.id, include_deleted=True)
    assert (kept is None) is hard


async def test_what_was_deleted_softly_can_be_erased(
    images: SqlImageLibrary, project: Project
) -> None:
    image = a_picture(project)
    await images.insert(image)
    await images.delete(project.id, image.id)
    assert await images.delete(project.id, image.id, hard=True) is not None
    assert await images.find(project.id, image.id, include_deleted=True) is None
    assert await images.delete(project.id, image.id, hard=True) is None


async def test_many_are_found_at_once_but_no_deleted_or_foreign_ones(
    images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    mine, gone, theirs = a_picture(project), a_picture(project), a_picture(stranger)
    for image in (mine, gone, theirs):
        await images.insert(image)
    await images.delete(project.id, gone.id)
    wanted = (mine.id, gone.id, theirs.id, mine.id, "unknown")
    assert await images.many(project.id, wanted) == {mine.id: mine}
    assert await images.many(project.id, ()) == {}


async def test_the_newest_image_of_an_identity_is_found_unless_it_is_deleted(
    images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    old, new, foreign = a_picture(project), a_picture(project), a_picture(stranger)
    place = (project.id, old.slot)
    assert await images.of_identity(*place, old.identity) is None
    for image in (old, new, foreign):
        await images.insert(image)
    assert await images.of_identity(*place, old.identity) == new
    assert await images.of_identity(*place, "0d" * 32) is None
    assert await images.of_identity(project.id, "another", old.identity) is None
    await images.delete(project.id, new.id)
    assert await images.of_identity(*place, old.identity) == old
    await images.delete(project.id, old.id)
    assert await images.of_identity(*place, old.identity) is None


async def test_bytes_are_shared_by_images_of_one_identity(
    images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    one, twin, foreign = a_picture(project), a_picture(project), a_picture(stranger)
    odd = a_picture(project, identity="0d" * 32)
    for image in (one, foreign, odd):
        await images.insert(image)
    assert not await images.shares_bytes(project.id, one)
    await images.insert(twin)
    assert await images.shares_bytes(project.id, one)
    await images.delete(project.id, twin.id)
    assert not await images.shares_bytes(project.id, one)


async def test_filters_narrow_the_list(images: SqlImageLibrary, project: Project) -> None:
    made = a_picture(project, flow_id="f", alias="@made")
    upload = a_picture(project, source="uploaded", flow_id="f")
    gone = a_picture(project, source="uploaded")
    for image in (made, upload, gone):
        await images.insert(image)
    await images.delete(project.id, gone.id)

    async def ids(**filters: Any) -> set[str]:
        return {one.id for one in (await images.listed(project.id, Window(), **filters)).rows}

    assert await ids() == {made.id, upload.id}
    assert await ids(source="uploaded") == {upload.id}
    assert await ids(source="uploaded", include_deleted=True) == {upload.id, gone.id}
    assert await ids(flow_id="f", source="generated") == {made.id}
    assert await ids(alias="@made") == {made.id}


async def test_technical_names_are_computed_within_the_flow(
    images: SqlImageLibrary,
    generations: SqlGenerations,
    library: SqlGenerationLibrary,
    project: Project,
) -> None:
    made = []
    for number, flow in enumerate(("f", "f", "g", "f")):
        one = a_generation(project, flow_id=flow, created_at=NOON + timedelta(seconds=number))
        image = an_image(one)
        await generations.begin(one)
        await generations.succeed(project.id, one.id, image, cost_micros=0, processing_ms=0)
        made.append(image.id)
    for number in range(2):
        at = NOON + timedelta(seconds=number)
        upload = a_picture(project, source="uploaded", flow_id="f", created_at=at)
        await images.insert(upload)

    async def named(which: str, flow: str = "f") -> str | None:
        found = await images.technical(project.id, flow, which)
        return None if found is None else found.id

    assert [await named("@first"), await named("@last")] == [made[0], made[3]]
    assert await named("@upload") == upload.id
    assert [await named("@last", "g"), await named("@upload", "g")] == [made[2], None]
    await images.delete(project.id, made[3])
    assert await named("@last") == made[1]
    again = a_generation(
        project, flow_id="f", status="pending", created_at=NOON + timedelta(hours=1)
    )
    await library.insert(again)
    await library.complete(
        project.id, again.id, made[2], cached=True, processing_ms=0, prompt=again.prompt
    )
    assert await named("@last") == made[2]
