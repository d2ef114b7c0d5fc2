"""Budgets that count pictures: taken with the money or not at all, and given back with it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from core.errors import BudgetExhausted
from core.models import Project
from core.records.database import Database
from core.records.generations import SqlGenerations
from core.records.ledger import SqlLedger
from core.records.tables import budget_windows
from core.records.tables import ledger as accounts
from core.spending.limits import Budget
from tests.core.records.samples import NOON, SetClock, a_generation

DAY = Budget("installation", "day", 1000)
PICTURES = Budget("scope:1:pictures", "total", 3, "pictures", payer="scope:1")
MONEY = Budget("scope:1", "month", 100, payer="scope:1")
ALL = (DAY, PICTURES, MONEY)


async def standing(ledger: SqlLedger) -> tuple[int, int, int]:
    """The installation's money, the scope's money, the scope's pictures."""
    return (
        await ledger.taken("installation", "day"),
        await ledger.taken("scope:1", "month"),
        await ledger.taken("scope:1:pictures", "total"),
    )


async def test_a_reservation_takes_its_money_and_one_picture(
    ledger: SqlLedger, project: Project
) -> None:
    await ledger.reserve(project.id, "one", 30, ALL)
    assert await standing(ledger) == (30, 30, 1)
    await ledger.reserve(project.id, "one", 30, ALL)
    assert await standing(ledger) == (30, 30, 1)


async def test_free_pictures_are_counted_and_bounded(ledger: SqlLedger, project: Project) -> None:
    for number in range(3):
        await ledger.reserve(project.id, f"free {number}", 0, ALL)
        await ledger.settle(f"free {number}", 0)
    with pytest.raises(BudgetExhausted) as exhausted:
        await ledger.reserve(project.id, "one more", 0, ALL)
    assert (exhausted.value.payer, exhausted.value.retry_after) == ("scope:1", None)
    assert await standing(ledger) == (0, 0, 3)


async def test_a_limit_of_no_pictures_allows_none(ledger: SqlLedger, project: Project) -> None:
    none = Budget("scope:1:pictures", "total", 0, "pictures", payer="scope:1")
    with pytest.raises(BudgetExhausted):
        await ledger.reserve(project.id, "one", 0, (none,))
    assert await ledger.taken("scope:1:pictures", "total") == 0


@pytest.mark.parametrize("amount", [0, 30])
async def test_pictures_used_up_leave_the_money_untouched(
    ledger: SqlLedger, database: Database, project: Project, amount: int
) -> None:
    for number in range(3):
        await ledger.reserve(project.id, f"{number}", amount, ALL)
    before = await standing(ledger)
    with pytest.raises(BudgetExhausted):
        await ledger.reserve(project.id, "one more", amount, ALL)
    assert await standing(ledger) == before
    async with database.reading() as connection:
        assert len(list(await connection.scalars(select(accounts.c.account)))) == 3


async def test_money_used_up_takes_no_picture_and_waiting_helps(
    ledger: SqlLedger, clock: SetClock, project: Project
) -> None:
    clock.now = datetime(2026, 3, 31, 23, 59, 30, tzinfo=UTC)
    await ledger.reserve(project.id, "one", 80, ALL)
    with pytest.raises(BudgetExhausted) as exhausted:
        await ledger.reserve(project.id, "two", 80, ALL)
    assert (exhausted.value.payer, exhausted.value.retry_after) == ("scope:1", 30)
    assert await standing(ledger) == (80, 80, 1)


async def test_with_both_used_up_nobody_is_told_to_wait(
    ledger: SqlLedger, project: Project
) -> None:
    for number in range(3):
        await ledger.reserve(project.id, f"{number}", 30, ALL)
    with pytest.raises(BudgetExhausted) as exhausted:
        await ledger.reserve(project.id, "one more", 30, ALL)
    assert exhausted.value.retry_after is None


async def test_the_installations_budget_concerns_everybody(
    ledger: SqlLedger, project: Project
) -> None:
    with pytest.raises(BudgetExhausted) as exhausted:
        await ledger.reserve(project.id, "one", 30, (Budget("installation", "day", 20), PICTURES))
    assert exhausted.value.payer is None
    assert await ledger.taken("scope:1:pictures", "total") == 0


async def test_pictures_are_counted_for_ever(
    ledger: SqlLedger, clock: SetClock, project: Project
) -> None:
    await ledger.reserve(project.id, "one", 30, ALL)
    clock.now = NOON + timedelta(days=4000)
    await ledger.reserve(project.id, "two", 30, ALL)
    assert await standing(ledger) == (30, 30, 2)


@pytest.mark.parametrize("amount", [0, 30])
async def test_a_refund_gives_the_picture_back_once(
    ledger: SqlLedger, project: Project, amount: int
) -> None:
    await ledger.reserve(project.id, "one", amount, ALL)
    await ledger.reserve(project.id, "two", amount, ALL)
    await asyncio.gather(*(ledger.refund("one") for _ in range(4)))
    assert await standing(ledger) == (amount, amount, 1)


@pytest.mark.parametrize("cost", [0, 30, 90])
async def test_the_true_cost_corrects_the_money_alone(
    ledger: SqlLedger, project: Project, cost: int
) -> None:
    await ledger.reserve(project.id, "one", 30, ALL)
    await ledger.settle("one", cost)
    await ledger.refund("one")
    assert await standing(ledger) == (cost, cost, 1)


async def test_a_duplicate_was_a_picture_too(ledger: SqlLedger, project: Project) -> None:
    await ledger.reserve(project.id, "one", 30, ALL)
    await ledger.mark_duplicate("one")
    assert await standing(ledger) == (30, 30, 1)


async def test_the_sweeper_gives_pictures_back_that_were_never_made(
    ledger: SqlLedger, generations: SqlGenerations, clock: SetClock, project: Project
) -> None:
    asked, unasked = a_generation(project), a_generation(project)
    for generation in (asked, unasked):
        await generations.begin(generation)
        await ledger.reserve(project.id, generation.id, 20, ALL)
    await ledger.reserve(project.id, "orphan", 20, ALL)
    await generations.note_job(project.id, asked.id, "job-1")
    for generation in (asked, unasked):
        await generations.fail(project.id, generation.id, "ABANDONED", "Gone.")
    clock.now += timedelta(seconds=60)
    assert await ledger.refund_orphans(clock.now) == 1
    assert await ledger.close_ended(clock.now) == 2
    assert await standing(ledger) == (20, 20, 1)


async def test_what_was_noted_before_pictures_were_counted_is_money(
    ledger: SqlLedger, database: Database, project: Project
) -> None:
    await ledger.reserve(project.id, "one", 60, (DAY, MONEY))
    async with database.writing() as connection:
        noted = (await connection.execute(select(accounts.c.taken))).scalar_one()
        old = [words[:3] for words in noted]
        await connection.execute(
            update(accounts).where(accounts.c.project_id == project.id).values(taken=old)
        )
    await ledger.settle("one", 45)
    assert await standing(ledger) == (45, 45, 0)


async def test_a_crowd_takes_exactly_what_is_left(ledger: SqlLedger, project: Project) -> None:
    crowd = (ledger.reserve(project.id, f"{number}", 30, ALL) for number in range(20))
    answers = await asyncio.gather(*crowd, return_exceptions=True)
    assert sum(answer is None for answer in answers) == 3
    assert sum(isinstance(answer, BudgetExhausted) for answer in answers) == 17
    assert await standing(ledger) == (90, 90, 3)


async def test_takers_and_givers_do_not_lock_each_other_out(
    ledger: SqlLedger, project: Project
) -> None:
    wide = (
        DAY,
        Budget("scope:1:pictures", "total", 1000, "pictures", payer="scope:1"),
        Budget("scope:1", "month", 10_000, payer="scope:1"),
    )
    for number in range(10):
        await ledger.reserve(project.id, f"old {number}", 1, wide)
    # The other way round: whatever the order given, all lock in one order.
    takers = [
        ledger.reserve(project.id, f"new {number}", 1, wide[:: 1 if number % 2 else -1])
        for number in range(10)
    ]
    givers = [ledger.refund(f"old {number}") for number in range(10)]
    async with asyncio.timeout(20):
        await asyncio.gather(*takers, *givers)
    assert await standing(ledger) == (10, 10, 10)


async def test_an_unknown_subject_has_taken_nothing(ledger: SqlLedger, database: Database) -> None:
    row = {"subject": "scope:2:pictures", "period": "day", "window_start": NOON, "taken": 5}
    async with database.writing() as connection:
        await connection.execute(insert(budget_windows).values(row))
    assert await ledger.taken("scope:2:pictures", "total") == 0
