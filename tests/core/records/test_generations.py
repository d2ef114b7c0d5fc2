"""The log of paid work: what was begun, who may end it, and how often."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from core.models import Project
from core.records import tables
from core.records.database import Database
from core.records.generations import SqlGenerations
from tests.core.records.samples import NOON, SetClock, a_generation, an_image

LATER = NOON + timedelta(seconds=9)


async def images_of(database: Database, project: Project) -> list[str]:
    query = select(tables.images.c.id).where(tables.images.c.project_id == project.id)
    async with database.reading() as connection:
        return list(await connection.scalars(query))


async def test_a_generation_comes_back_as_it_was_written(
    generations: SqlGenerations, project: Project
) -> None:
    begun = a_generation(
        project,
        prompt="ein Leuchtturm 🗼 'quoted' \\ 100%",
        seed=2**53,
        template="general",
        auto_enhance=True,
        key_id="key",
        scope_id="scope",
        flow_id="flow",
        retry_count=2,
        meta={"nested": [1, {"é": None}]},
    )
    await generations.begin(begun)
    assert await generations.get(project.id, begun.id) == begun


async def test_begun_means_processing(generations: SqlGenerations, project: Project) -> None:
    begun = a_generation(project, status="pending")
    await generations.begin(begun)
    found = await generations.get(project.id, begun.id)
    assert found is not None
    assert found.status == "processing"


async def test_the_newest_unfinished_one_of_an_identity_is_found(
    generations: SqlGenerations, project: Project, stranger: Project
) -> None:
    old, new = a_generation(project), a_generation(project, created_at=LATER)
    await generations.begin(new)
    await generations.begin(old)
    await generations.begin(a_generation(project, identity="other", created_at=LATER))
    await generations.begin(a_generation(stranger, created_at=LATER))
    assert await generations.unfinished(project.id, new.identity) == new
    await generations.fail(project.id, new.id, "GENERATOR_FAILED", "It failed.")
    assert await generations.unfinished(project.id, new.identity) == old
    await generations.succeed(project.id, old.id, an_image(old), cost_micros=0, processing_ms=0)
    assert await generations.unfinished(project.id, new.identity) is None


async def test_a_job_is_noted_whatever_has_happened_meanwhile(
    generations: SqlGenerations, clock: SetClock, project: Project
) -> None:
    begun = a_generation(project)
    await generations.begin(begun)
    await generations.fail(project.id, begun.id, "ABANDONED", "Gone.")
    clock.now = LATER
    await generations.note_job(project.id, begun.id, "job-1")
    found = await generations.get(project.id, begun.id)
    assert found is not None
    assert (found.status, found.job_id, found.updated_at) == ("failed", "job-1", LATER)


async def test_success_writes_the_outcome_and_the_image_together(
    generations: SqlGenerations, database: Database, clock: SetClock, project: Project
) -> None:
    begun = a_generation(project)
    image = an_image(begun)
    await generations.begin(begun)
    clock.now = LATER
    await generations.succeed(project.id, begun.id, image, cost_micros=3000, processing_ms=2140)
    found = await generations.get(project.id, begun.id)
    assert found is not None
    assert (found.status, found.output_image_id) == ("success", image.id)
    assert (found.cost_micros, found.processing_ms) == (3000, 2140)
    assert (found.created_at, found.updated_at) == (NOON, LATER)
    async with database.reading() as connection:
        row = (await connection.execute(select(tables.images))).mappings().one()
    assert type(image)(**row) == image


async def test_success_happens_once(
    generations: SqlGenerations, database: Database, project: Project
) -> None:
    begun = a_generation(project)
    first, second = an_image(begun), an_image(begun)
    await generations.begin(begun)
    for image, cost in ((first, 3000), (first, 3000), (second, 9999)):
        await generations.succeed(project.id, begun.id, image, cost_micros=cost, processing_ms=1)
    found = await generations.get(project.id, begun.id)
    assert found is not None
    assert (found.output_image_id, found.cost_micros) == (first.id, 3000)
    assert await images_of(database, project) == [first.id]


async def test_without_the_image_there_is_no_success(
    generations: SqlGenerations, project: Project
) -> None:
    begun = a_generation(project)
    await generations.begin(begun)
    unknown = an_image(begun, source="found")
    with pytest.raises(IntegrityError):
        await generations.succeed(project.id, begun.id, unknown, cost_micros=0, processing_ms=0)
    assert await generations.get(project.id, begun.id) == begun


async def test_a_failure_says_why_and_does_not_undo_a_success(
    generations: SqlGenerations, project: Project
) -> None:
    failed, made = a_generation(project), a_generation(project)
    await generations.begin(failed)
    await generations.begin(made)
    await generations.succeed(project.id, made.id, an_image(made), cost_micros=0, processing_ms=0)
    for generation in (failed, made):
        await generations.fail(project.id, generation.id, "GENERATOR_FAILED", "It failed.")
    await generations.fail(project.id, failed.id, "LATER", "Not the reason.")
    one, other = [await generations.get(project.id, each.id) for each in (failed, made)]
    assert one is not None
    assert other is not None
    assert (one.status, one.error_code, one.error_message) == (
        "failed",
        "GENERATOR_FAILED",
        "It failed.",
    )
    assert (other.status, other.error_code) == ("success", None)


async def test_a_picture_that_came_after_all_outranks_the_failure(
    generations: SqlGenerations, database: Database, project: Project
) -> None:
    begun = a_generation(project)
    image = an_image(begun)
    await generations.begin(begun)
    await generations.fail(project.id, begun.id, "ABANDONED", "Its process ended.")
    await generations.succeed(project.id, begun.id, image, cost_micros=0, processing_ms=0)
    found = await generations.get(project.id, begun.id)
    assert found is not None
    assert (found.status, found.error_code, found.error_message) == ("success", None, None)
    assert await images_of(database, project) == [image.id]


async def test_a_cancelled_generation_stays_cancelled(
    generations: SqlGenerations, database: Database, project: Project
) -> None:
    begun = a_generation(project)
    await generations.begin(begun)
    async with database.writing() as connection:
        await connection.execute(update(tables.generations).values(status="cancelled"))
    await generations.succeed(project.id, begun.id, an_image(begun), cost_micros=0, processing_ms=0)
    found = await generations.get(project.id, begun.id)
    assert found is not None
    assert found.status == "cancelled"
    assert await images_of(database, project) == []


async def test_the_longest_untouched_are_abandoned_first(
    generations: SqlGenerations, clock: SetClock, project: Project, stranger: Project
) -> None:
    ages = {"old": 50, "older": 70, "fresh": 10}
    begun = {
        name: a_generation(
            stranger if name == "older" else project, updated_at=NOON - timedelta(seconds=age)
        )
        for name, age in ages.items()
    }
    for generation in begun.values():
        await generations.begin(generation)
    before = NOON - timedelta(seconds=30)
    assert await generations.abandoned(before, 10) == [begun["older"], begun["old"]]
    assert await generations.abandoned(before, 1) == [begun["older"]]
    clock.now = NOON
    await generations.note_job(stranger.id, begun["older"].id, "job-1")
    await generations.fail(project.id, begun["old"].id, "ABANDONED", "Gone.")
    assert await generations.abandoned(before, 10) == []


async def test_another_projects_generation_is_out_of_reach(
    generations: SqlGenerations, database: Database, project: Project, stranger: Project
) -> None:
    begun = a_generation(project)
    await generations.begin(begun)
    theirs = an_image(begun, project_id=stranger.id)
    assert await generations.get(stranger.id, begun.id) is None
    assert await generations.unfinished(stranger.id, begun.identity) is None
    await generations.fail(stranger.id, begun.id, "MINE", "Mine.")
    with pytest.raises(LookupError):
        await generations.note_job(stranger.id, begun.id, "job-1")
    with pytest.raises(LookupError):
        await generations.succeed(stranger.id, begun.id, theirs, cost_micros=0, processing_ms=0)
    with pytest.raises(ValueError, match="another project"):
        await generations.succeed(project.id, begun.id, theirs, cost_micros=0, processing_ms=0)
    assert await generations.get(project.id, begun.id) == begun
    async with database.reading() as connection:
        count = await connection.scalar(select(func.count()).select_from(tables.images))
    assert count == 0


async def test_a_generation_of_no_project_is_refused(
    generations: SqlGenerations, project: Project
) -> None:
    with pytest.raises(IntegrityError):
        await generations.begin(a_generation(project, project_id="nobody"))


async def test_a_status_nobody_defined_is_refused(
    generations: SqlGenerations, database: Database, project: Project
) -> None:
    await generations.begin(a_generation(project))
    with pytest.raises(IntegrityError):
        async with database.writing() as connection:
            await connection.execute(update(tables.generations).values(status="done"))
