"""A generation that REST had written down before: how it begins, and what its success names."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from core.errors import GenerationCancelled
from core.models import Project
from core.records import tables
from core.records.database import Database
from core.records.flows import SqlFlowLibrary
from core.records.generations import SqlGenerations
from core.records.images import SqlImageLibrary
from core.records.library import SqlGenerationLibrary
from tests.core.records.samples import a_generation, an_image


async def images_of(database: Database, project: Project) -> list[str]:
    query = select(tables.images.c.id).where(tables.images.c.project_id == project.id)
    async with database.reading() as connection:
        return list(await connection.scalars(query))


async def test_two_generations_may_show_one_image_whose_record_stays_the_first(
    generations: SqlGenerations, images: SqlImageLibrary, project: Project
) -> None:
    one, other = a_generation(project), a_generation(project)
    first = an_image(one)
    await generations.begin(one)
    await generations.begin(other)
    await generations.succeed(project.id, one.id, first, cost_micros=0, processing_ms=0)
    second = replace(first, generation_id=other.id, width=1)
    await generations.succeed(project.id, other.id, second, cost_micros=0, processing_ms=0)
    assert await images.find(project.id, first.id) == first
    found = await generations.get(project.id, other.id)
    assert found is not None
    assert (found.status, found.output_image_id) == ("success", first.id)


async def test_a_pending_one_begins_with_the_work_as_it_is_now_known(
    generations: SqlGenerations, library: SqlGenerationLibrary, project: Project
) -> None:
    waiting = a_generation(
        project, status="pending", flow_id="f", assign_alias="@a", reference_image_ids=("i", "j")
    )
    await library.insert(waiting)
    await library.edit(project.id, waiting.id, flow_id="g", meta={"new": 1})
    await generations.begin(replace(waiting, prompt="a red lighthouse, in detail"))
    found = await generations.get(project.id, waiting.id)
    assert found == replace(
        waiting,
        status="processing",
        prompt="a red lighthouse, in detail",
        flow_id="g",
        meta={"new": 1},
    )


@pytest.mark.parametrize("end", ["cancel", "delete", "fail", "begin", "restart"])
async def test_what_is_not_waiting_any_more_does_not_begin(
    generations: SqlGenerations, library: SqlGenerationLibrary, project: Project, end: str
) -> None:
    waiting = a_generation(project, status="pending")
    await library.insert(waiting)
    endings = {
        "cancel": lambda: library.cancel(project.id, waiting.id),
        "delete": lambda: library.delete(project.id, waiting.id),
        "fail": lambda: generations.fail(project.id, waiting.id, "BUSY", "Busy."),
        "begin": lambda: generations.begin(waiting),
        "restart": lambda: library.restart(project.id, waiting, expected=("pending",)),
    }
    await endings[end]()
    before = await generations.get(project.id, waiting.id)
    with pytest.raises(GenerationCancelled):
        await generations.begin(waiting)
    assert await generations.get(project.id, waiting.id) == before


async def test_a_late_word_about_an_earlier_attempt_changes_nothing(
    generations: SqlGenerations, library: SqlGenerationLibrary, database: Database, project: Project
) -> None:
    begun = a_generation(project)
    await generations.begin(begun)
    await library.cancel(project.id, begun.id)
    again = await library.restart(project.id, begun, expected=("cancelled",))
    assert again is not None
    await generations.fail(project.id, begun.id, "LATE", "Too late.")
    await generations.succeed(project.id, begun.id, an_image(begun), cost_micros=1, processing_ms=1)
    with pytest.raises(LookupError):
        await generations.note_job(project.id, begun.id, "job-of-before")
    assert await generations.get(project.id, begun.id) == again
    assert await images_of(database, project) == []


async def test_success_names_the_image_as_the_generation_asks(
    generations: SqlGenerations,
    images: SqlImageLibrary,
    flows: SqlFlowLibrary,
    project: Project,
) -> None:
    holder = an_image(a_generation(project), alias="@hero", flow_id="f")
    await images.insert(holder, flow_alias="@step")
    begun = a_generation(project, flow_id="f", assign_alias="@hero", assign_flow_alias="@step")
    image = an_image(begun, alias="@hero", flow_id="f")
    await generations.begin(begun)
    await generations.succeed(project.id, begun.id, image, cost_micros=1, processing_ms=1)
    found = await images.by_project_alias(project.id, "@hero")
    assert found is not None
    assert (found.id, found.flow_id, found.alias) == (image.id, "f", "@hero")
    assert await images.by_flow_alias(project.id, "f", "@step") == found
    former = await images.find(project.id, holder.id)
    assert former is not None
    assert former.alias is None
    flow = await flows.find(project.id, "f")
    assert flow is not None
    assert (flow.aliases, flow.image_count, flow.generation_count) == ({"@step": image.id}, 2, 1)


async def test_the_picture_of_a_deleted_generation_is_deleted_and_named_nothing(
    generations: SqlGenerations,
    library: SqlGenerationLibrary,
    images: SqlImageLibrary,
    project: Project,
) -> None:
    begun = a_generation(project, assign_alias="@hero")
    image = an_image(begun)
    await generations.begin(begun)
    await library.delete(project.id, begun.id)
    await generations.succeed(project.id, begun.id, image, cost_micros=1, processing_ms=1)
    assert await images.find(project.id, image.id) is None
    assert await images.by_project_alias(project.id, "@hero") is None
