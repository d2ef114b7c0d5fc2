"""Flows: known within their project alone, with aliases that merge and counts that are true."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Invalid, NotFound
from core.listing import Window
from core.models import Flow, Project
from core.records.flows import SqlFlowLibrary
from core.records.images import SqlImageLibrary
from core.records.library import SqlGenerationLibrary
from tests.core.records.samples import NOON, SetClock, a_generation, an_image

AtOnce = Callable[[int, Callable[[int], Awaitable[object]]], Awaitable[list[object]]]
LATER = NOON + timedelta(seconds=9)


async def picture(images: SqlImageLibrary, project: Project, flow_id: str | None = None) -> str:
    image = an_image(a_generation(project), flow_id=flow_id)
    await images.insert(image)
    return image.id


async def test_two_projects_may_use_one_flow_id(
    flows: SqlFlowLibrary, project: Project, stranger: Project
) -> None:
    mine = await flows.ensure(project.id, "f", meta={"whose": "mine"})
    assert mine == Flow("f", project.id, NOON, NOON, meta={"whose": "mine"})
    assert await flows.find(stranger.id, "f") is None
    await flows.ensure(stranger.id, "f", meta={"whose": "theirs"})
    assert await flows.delete(stranger.id, "f")
    assert await flows.find(project.id, "f") == mine


async def test_a_flow_that_is_there_stays_as_it_is(
    flows: SqlFlowLibrary, clock: SetClock, project: Project, at_once: AtOnce
) -> None:
    first = await flows.ensure(project.id, "f", meta={"a": 1})
    clock.now = LATER
    assert await flows.ensure(project.id, "f", meta={"b": 2}) == first
    made = await at_once(6, lambda _: flows.ensure(project.id, "g"))
    assert made == [Flow("g", project.id, LATER, LATER)] * 6


async def test_aliases_merge_and_move(
    flows: SqlFlowLibrary, images: SqlImageLibrary, clock: SetClock, project: Project
) -> None:
    one, two = await picture(images, project), await picture(images, project)
    await flows.ensure(project.id, "f")
    await flows.merge_aliases(project.id, "f", {"@a": one, "@b": one})
    clock.now = LATER
    merged = await flows.merge_aliases(project.id, "f", {"@b": two, "@c": two})
    assert merged is not None
    assert (merged.aliases, merged.updated_at) == ({"@a": one, "@b": two, "@c": two}, LATER)
    assert await flows.find(project.id, "f") == merged
    assert (await flows.listed(project.id, Window())).rows == (merged,)


async def test_an_alias_for_what_is_not_there_changes_nothing(
    flows: SqlFlowLibrary, images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    mine, gone = await picture(images, project), await picture(images, project)
    theirs = await picture(images, stranger)
    await images.delete(project.id, gone)
    await flows.ensure(project.id, "f")
    wanted = {"@a": mine, "@b": theirs, "@c": gone, "@d": "unknown"}
    with pytest.raises(Invalid) as refused:
        await flows.merge_aliases(project.id, "f", wanted)
    assert [one.name for one in refused.value.fields] == ["aliases.@b", "aliases.@c", "aliases.@d"]
    found = await flows.find(project.id, "f")
    assert found is not None
    assert found.aliases == {}
    assert await flows.merge_aliases(project.id, "unknown", {"@a": mine}) is None


async def test_an_alias_is_removed_once(
    flows: SqlFlowLibrary, images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    image = await picture(images, project)
    await flows.ensure(project.id, "f")
    await flows.merge_aliases(project.id, "f", {"@a": image, "@b": image})
    assert await flows.remove_alias(stranger.id, "f", "@a") is None
    left = await flows.remove_alias(project.id, "f", "@a")
    assert left is not None
    assert left.aliases == {"@b": image}
    with pytest.raises(NotFound) as unknown:
        await flows.remove_alias(project.id, "f", "@a")
    assert unknown.value.code == "ALIAS_NOT_FOUND"


async def test_counts_leave_deleted_rows_out(
    flows: SqlFlowLibrary, images: SqlImageLibrary, library: SqlGenerationLibrary, project: Project
) -> None:
    await flows.ensure(project.id, "f")
    await flows.ensure(project.id, "empty")
    for _ in range(3):
        generation = a_generation(project, flow_id="f")
        await library.insert(generation)
        image_id = await picture(images, project, "f")
    await library.delete(project.id, generation.id)
    await images.delete(project.id, image_id)
    counts = {
        one.id: (one.generation_count, one.image_count)
        for one in (await flows.listed(project.id, Window())).rows
    }
    assert counts == {"f": (2, 2), "empty": (0, 0)}


async def test_children_outlive_their_flow(
    flows: SqlFlowLibrary,
    images: SqlImageLibrary,
    library: SqlGenerationLibrary,
    project: Project,
    stranger: Project,
) -> None:
    generation, theirs = a_generation(project, flow_id="f"), a_generation(stranger, flow_id="f")
    await library.insert(generation)
    await library.insert(theirs)
    image = an_image(generation, flow_id="f")
    await images.insert(image, flow_alias="@a")
    assert await flows.delete(project.id, "f")
    assert not await flows.delete(project.id, "f")
    assert await flows.find(project.id, "f") is None
    assert await library.find(project.id, generation.id) == replace(generation, flow_id=None)
    assert await images.find(project.id, image.id) == replace(image, flow_id=None)
    assert await library.find(stranger.id, theirs.id) == theirs


async def test_of_claims_at_once_one_holds_the_name_and_none_fails(
    flows: SqlFlowLibrary, images: SqlImageLibrary, project: Project, at_once: AtOnce
) -> None:
    pictures = [await picture(images, project) for _ in range(6)]
    await flows.ensure(project.id, "f")
    merged = await at_once(
        6,
        lambda one: flows.merge_aliases(
            project.id, "f", {"@a": pictures[one], f"@{one}": pictures[one]}
        ),
    )
    assert all(isinstance(each, Flow) for each in merged), merged
    found = await flows.find(project.id, "f")
    assert found is not None
    assert found.aliases.keys() == {"@a", *(f"@{one}" for one in range(6))}
    assert found.aliases["@a"] in pictures
