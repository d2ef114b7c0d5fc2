"""Generations as REST sees them: completed, edited, cancelled, deleted, never across projects."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from core.listing import Window
from core.models import Generation, Project
from core.records.flows import SqlFlowLibrary
from core.records.generations import SqlGenerations
from core.records.images import SqlImageLibrary
from core.records.library import SqlGenerationLibrary
from tests.core.records.samples import a_generation, an_image

AtOnce = Callable[[int, Callable[[int], Awaitable[object]]], Awaitable[list[object]]]


async def completed(
    library: SqlGenerationLibrary, generation: Generation, image_id: str
) -> Generation | None:
    project_id = generation.project_id
    await library.complete(
        project_id, generation.id, image_id, cached=True, processing_ms=3, prompt="as made"
    )
    return await library.find(project_id, generation.id)


async def test_a_generation_comes_back_with_its_references_in_order(
    library: SqlGenerationLibrary, project: Project
) -> None:
    waiting = a_generation(
        project,
        status="pending",
        reference_image_ids=("c", "a", "b"),
        assign_alias="@hero",
        assign_flow_alias="@step",
        meta={"é": [1]},
    )
    await library.insert(waiting)
    assert await library.find(project.id, waiting.id) == waiting
    await library.add_references(project.id, waiting.id, ("d", "a", "d"))
    found = await library.find(project.id, waiting.id)
    assert found == replace(waiting, reference_image_ids=("c", "a", "b", "d"))


async def test_a_picture_that_exists_completes_and_gets_the_names_asked_for(
    library: SqlGenerationLibrary, images: SqlImageLibrary, project: Project
) -> None:
    image = an_image(a_generation(project))
    await images.insert(image)
    waiting = a_generation(
        project, status="pending", flow_id="f", assign_alias="@hero", assign_flow_alias="@step"
    )
    await library.insert(waiting)
    found = await completed(library, waiting, image.id)
    assert found == replace(
        waiting,
        status="success",
        output_image_id=image.id,
        cached=True,
        processing_ms=3,
        prompt="as made",
    )
    named = await images.by_project_alias(project.id, "@hero")
    assert named == await images.by_flow_alias(project.id, "f", "@step")
    assert named is not None
    assert (named.id, named.flow_id) == (image.id, "f")


@pytest.mark.parametrize(
    ("state", "may"),
    [
        (("pending", None), True),
        (("failed", "DUPLICATE"), True),
        (("failed", "GENERATOR_FAILED"), False),
        (("processing", None), False),
        (("cancelled", None), False),
    ],
)
async def test_only_the_waiting_and_the_loser_of_a_race_are_completed(
    library: SqlGenerationLibrary,
    images: SqlImageLibrary,
    project: Project,
    state: tuple[str, str | None],
    may: bool,
) -> None:
    image = an_image(a_generation(project))
    await images.insert(image)
    one = a_generation(project, status=state[0], error_code=state[1], assign_alias="@hero")
    await library.insert(one)
    found = await completed(library, one, image.id)
    assert found is not None
    assert (found.status == "success") is may
    assert (await images.by_project_alias(project.id, "@hero") is not None) is may


async def test_an_edit_moves_the_image_it_made_along(
    library: SqlGenerationLibrary,
    generations: SqlGenerations,
    images: SqlImageLibrary,
    project: Project,
) -> None:
    one = a_generation(project, flow_id="old")
    image = an_image(one)
    await generations.begin(one)
    await generations.succeed(project.id, one.id, image, cost_micros=0, processing_ms=0)
    edited = await library.edit(project.id, one.id, flow_id="new", meta={"a": 1})
    assert edited is not None
    assert (edited.flow_id, edited.meta) == ("new", {"a": 1})
    moved = await images.find(project.id, image.id)
    assert moved is not None
    assert moved.flow_id == "new"


@pytest.mark.parametrize("status", ["pending", "processing", "success", "failed", "cancelled"])
async def test_only_open_ones_are_cancelled(
    library: SqlGenerationLibrary, project: Project, status: str
) -> None:
    one = a_generation(project, status=status, job_id="job-1")
    await library.insert(one)
    is_open = status in ("pending", "processing")
    assert await library.cancel(project.id, one.id) == (one if is_open else None)
    found = await library.find(project.id, one.id)
    assert found is not None
    assert found.status == ("cancelled" if is_open else status)


async def test_of_many_cancellations_one_counts(
    library: SqlGenerationLibrary, project: Project, at_once: AtOnce
) -> None:
    one = a_generation(project)
    await library.insert(one)
    answers = await at_once(6, lambda _: library.cancel(project.id, one.id))
    assert sorted(answers, key=repr) == sorted([one, *[None] * 5], key=repr)


async def test_a_deletion_takes_the_image_and_frees_its_names(
    library: SqlGenerationLibrary,
    generations: SqlGenerations,
    images: SqlImageLibrary,
    flows: SqlFlowLibrary,
    project: Project,
) -> None:
    one = a_generation(project, flow_id="f", assign_alias="@hero", assign_flow_alias="@step")
    image = an_image(one)
    await generations.begin(one)
    await generations.succeed(project.id, one.id, image, cost_micros=0, processing_ms=0)
    before = await library.find(project.id, one.id)
    assert await library.delete(project.id, one.id) == before
    assert await library.delete(project.id, one.id) is None
    assert await library.find(project.id, one.id) is None
    assert await library.edit(project.id, one.id, flow_id=None, meta={}) is None
    assert await images.find(project.id, image.id) is None
    assert await images.by_project_alias(project.id, "@hero") is None
    flow = await flows.find(project.id, "f")
    assert flow is not None
    assert (flow.aliases, flow.generation_count, flow.image_count) == ({}, 0, 0)


async def test_an_image_that_another_generation_shows_survives_the_first_deletion(
    library: SqlGenerationLibrary,
    generations: SqlGenerations,
    images: SqlImageLibrary,
    project: Project,
) -> None:
    one, other = a_generation(project), a_generation(project, status="pending")
    image = an_image(one)
    await generations.begin(one)
    await generations.succeed(project.id, one.id, image, cost_micros=0, processing_ms=0)
    await library.insert(other)
    await completed(library, other, image.id)
    await library.delete(project.id, one.id)
    assert await images.find(project.id, image.id) == image
    await library.delete(project.id, other.id)
    assert await images.find(project.id, image.id) is None


async def test_another_projects_generation_is_as_good_as_none(
    library: SqlGenerationLibrary, images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    one = a_generation(project, status="pending", reference_image_ids=("a",))
    image = an_image(one)
    await library.insert(one)
    await images.insert(image)
    foreign = replace(one, project_id=stranger.id)
    assert await library.find(stranger.id, one.id) is None
    assert await library.edit(stranger.id, one.id, flow_id="f", meta={}) is None
    assert await library.cancel(stranger.id, one.id) is None
    assert await library.delete(stranger.id, one.id) is None
    assert await library.restart(stranger.id, foreign, expected=("pending",)) is None
    await library.add_references(stranger.id, one.id, ("b",))
    assert await completed(library, foreign, image.id) is None
    assert (await library.listed(stranger.id, Window(), include_deleted=True)).rows == ()
    assert await library.find(project.id, one.id) == one
