"""A generation started anew: each attempt is paid by itself, and none is ever paid twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.models import Generation, Project
from core.records import tables
from core.records.database import Database
from core.records.generations import SqlGenerations
from core.records.ledger import SqlLedger
from core.records.library import SqlGenerationLibrary
from core.spending.limits import Budget
from tests.core.records.samples import NOON, SetClock, a_generation, an_image

DAY = Budget("installation", "day", 1000)
LATER = NOON + timedelta(hours=1)


async def history_of(database: Database, project: Project) -> list[tuple[int, str, str | None]]:
    kept = tables.generation_history.c
    query = select(kept.attempt, kept.status, kept.error_code).where(kept.project_id == project.id)
    async with database.reading() as connection:
        return [tuple(row) for row in await connection.execute(query.order_by(kept.attempt))]


async def accounts(database: Database) -> dict[str, tuple[str, int | None]]:
    booked = tables.ledger.c
    query = select(booked.account, booked.state, booked.settled_micros)
    async with database.reading() as connection:
        return {
            row.account: (row.state, row.settled_micros)
            for row in (await connection.execute(query))
        }


class Works:
    """Generations that failed once, with or without their account closed."""

    def __init__(
        self, generations: SqlGenerations, library: SqlGenerationLibrary, ledger: SqlLedger
    ) -> None:
        self.generations = generations
        self.library = library
        self.ledger = ledger

    async def failed(self, project: Project, *, job: str | None = "job-0") -> Generation:
        begun = a_generation(project, reference_image_ids=("a", "b"))
        await self.ledger.reserve(project.id, begun.account, 30, (DAY,))
        await self.generations.begin(begun)
        if job is not None:
            await self.generations.note_job(project.id, begun.id, job)
        await self.generations.fail(project.id, begun.id, "GENERATOR_FAILED", "It failed.")
        found = await self.library.find(project.id, begun.id)
        assert found is not None
        return found

    async def again(self, project: Project, old: Generation) -> Generation:
        fresh = replace(old, error_code=None, error_message=None, retry_count=old.retry_count + 1)
        restarted = await self.library.restart(project.id, fresh, expected=(old.status,))
        assert restarted is not None
        return restarted


@pytest.fixture
def works(generations: SqlGenerations, library: SqlGenerationLibrary, ledger: SqlLedger) -> Works:
    return Works(generations, library, ledger)


async def test_the_next_attempt_is_pending_without_a_job_and_the_old_one_is_history(
    works: Works, database: Database, clock: SetClock, project: Project
) -> None:
    old = await works.failed(project)
    clock.now = LATER
    new = await works.again(project, replace(old, prompt="a blue one", reference_image_ids=("c",)))
    assert (new.id, new.status, new.job_id, new.attempt) == (old.id, "pending", None, 1)
    assert (new.prompt, new.reference_image_ids) == ("a blue one", ("c",))
    assert (new.created_at, new.updated_at) == (old.created_at, LATER)
    assert await works.library.find(project.id, old.id) == new
    assert await history_of(database, project) == [(0, "failed", "GENERATOR_FAILED")]


async def test_only_what_is_as_expected_starts_anew_and_only_in_its_project(
    works: Works, project: Project, stranger: Project
) -> None:
    old = await works.failed(project)
    library = works.library
    assert await library.restart(project.id, old, expected=("success", "cancelled")) is None
    foreign = replace(old, project_id=stranger.id)
    assert await library.restart(stranger.id, foreign, expected=("failed",)) is None
    await works.again(project, old)
    assert await library.restart(project.id, old, expected=("failed",)) is None
    await library.delete(project.id, old.id)
    assert await library.restart(project.id, old, expected=("pending",)) is None


async def test_each_attempt_is_paid_once(
    works: Works, database: Database, project: Project
) -> None:
    ledger = works.ledger
    one = await works.failed(project)
    await ledger.settle(one.account, 30)
    two = await works.again(project, one)
    for _ in range(2):
        await ledger.reserve(project.id, two.account, 40, (DAY,))
    await works.generations.begin(two)
    await ledger.settle(one.account, 999)
    for _ in range(2):
        await ledger.settle(two.account, 35)
    assert await accounts(database) == {one.id: ("settled", 30), f"{one.id}#1": ("settled", 35)}
    assert await ledger.taken("installation", "day") == 65


@pytest.mark.parametrize(("job", "cost"), [("job-0", 30), (None, 0)])
async def test_an_attempt_nobody_closed_is_closed_by_how_it_ended_not_by_the_next_one(
    works: Works, clock: SetClock, project: Project, job: str | None, cost: int
) -> None:
    one = await works.failed(project, job=job)
    two = await works.again(project, one)
    await works.ledger.reserve(project.id, two.account, 40, (DAY,))
    await works.generations.begin(two)
    clock.now = LATER
    assert await works.ledger.close_ended(LATER) == 1
    assert await works.ledger.refund_orphans(LATER) == 0
    assert await works.ledger.taken("installation", "day") == cost + 40
    image = an_image(two)
    await works.generations.succeed(
        project.id, two.id, image, cost_micros=44, processing_ms=1, attempt=1
    )
    assert await works.ledger.close_ended(LATER + timedelta(seconds=1)) == 1
    assert await works.ledger.taken("installation", "day") == cost + 44


async def test_a_withdrawn_attempt_leaves_everything_as_it_was_but_its_number(
    works: Works, database: Database, project: Project
) -> None:
    old = await works.failed(project)
    await works.ledger.settle(old.account, 30)
    new = await works.again(project, replace(old, prompt="other", reference_image_ids=()))
    await works.library.withdraw(project.id, new.id, old)
    assert await works.library.find(project.id, old.id) == replace(old, attempt=2)
    assert await history_of(database, project) == []


async def test_a_withdrawn_attempt_with_an_open_account_is_refunded_later(
    works: Works, database: Database, clock: SetClock, project: Project
) -> None:
    old = await works.failed(project)
    new = await works.again(project, old)
    await works.ledger.reserve(project.id, new.account, 40, (DAY,))
    await works.library.withdraw(project.id, new.id, old)
    clock.now = LATER
    assert await works.ledger.close_ended(LATER) == 2
    assert await accounts(database) == {old.id: ("settled", 30), new.account: ("refunded", 0)}


async def test_a_withdrawn_first_attempt_is_gone(
    works: Works, database: Database, project: Project, stranger: Project
) -> None:
    waiting = a_generation(project, status="pending", reference_image_ids=("a",))
    await works.library.insert(waiting)
    await works.library.withdraw(stranger.id, waiting.id, None)
    assert await works.library.find(project.id, waiting.id) == waiting
    await works.library.withdraw(project.id, waiting.id, None)
    assert await works.library.find(project.id, waiting.id) is None
    async with database.reading() as connection:
        left = (await connection.execute(select(tables.generation_references))).all()
    assert left == []


async def test_what_was_asked_of_a_provider_is_not_withdrawn(
    works: Works, project: Project
) -> None:
    asked = await works.failed(project)
    running = a_generation(project)
    await works.generations.begin(running)
    for generation in (asked, running):
        await works.library.withdraw(project.id, generation.id, None)
        assert await works.library.find(project.id, generation.id) == generation


async def test_of_two_restarts_at_once_one_happens(
    works: Works, database: Database, project: Project, at_once: Callable[..., object]
) -> None:
    old = await works.failed(project)
    results = await at_once(
        8, lambda _: works.library.restart(project.id, old, expected=("failed",))
    )
    assert len([one for one in results if one is not None]) == 1
    assert len(await history_of(database, project)) == 1
