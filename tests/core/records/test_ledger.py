"""Money: taken from every budget or from none, and returned exactly once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.errors import BudgetExhausted
from core.models import Project
from core.records import tables
from core.records.database import Database
from core.records.generations import SqlGenerations
from core.records.ledger import SqlLedger
from core.spending.limits import Budget
from tests.core.records.samples import NOON, SetClock, a_generation, an_image

DAY = Budget("installation", "day", 100)
HOUR = Budget("scope:page", "hour", 50)


async def entry_of(database: Database, generation_id: str) -> tuple[str, int | None, bool]:
    found = tables.ledger.c
    query = select(found.state, found.settled_micros, found.duplicate).where(
        found.account == generation_id
    )
    async with database.reading() as connection:
        state, settled, duplicate = (await connection.execute(query)).one()
    return state, settled, duplicate


async def test_a_reservation_counts_in_every_budget(ledger: SqlLedger, project: Project) -> None:
    await ledger.reserve(project.id, "one", 30, (DAY, HOUR))
    assert await ledger.taken("installation", "day") == 30
    assert await ledger.taken("scope:page", "hour") == 30
    assert await ledger.taken("installation", "hour") == 0


async def test_a_budget_can_be_spent_to_the_last_micro(ledger: SqlLedger, project: Project) -> None:
    await ledger.reserve(project.id, "one", 60, (DAY,))
    await ledger.reserve(project.id, "two", 40, (DAY,))
    with pytest.raises(BudgetExhausted):
        await ledger.reserve(project.id, "three", 1, (DAY,))
    assert await ledger.taken("installation", "day") == 100


async def test_one_empty_budget_leaves_all_others_untouched(
    ledger: SqlLedger, database: Database, project: Project
) -> None:
    await ledger.reserve(project.id, "one", 40, (HOUR,))
    with pytest.raises(BudgetExhausted):
        await ledger.reserve(project.id, "two", 20, (DAY, HOUR))
    assert await ledger.taken("installation", "day") == 0
    assert await ledger.taken("scope:page", "hour") == 40
    async with database.reading() as connection:
        ids = list(await connection.scalars(select(tables.ledger.c.generation_id)))
    assert ids == ["one"]


async def test_a_refused_reservation_may_be_tried_again(
    ledger: SqlLedger, clock: SetClock, project: Project
) -> None:
    await ledger.reserve(project.id, "one", 50, (HOUR,))
    with pytest.raises(BudgetExhausted):
        await ledger.reserve(project.id, "two", 50, (HOUR,))
    clock.now += timedelta(hours=1)
    await ledger.reserve(project.id, "two", 50, (HOUR,))
    assert await ledger.taken("scope:page", "hour") == 50


@pytest.mark.parametrize(
    ("window", "seconds"),
    [("hour", 15 * 60), ("day", 12 * 3600 - 45 * 60), ("month", 17.5 * 86400 - 45 * 60)],
)
async def test_the_wait_lasts_until_the_window_ends(
    ledger: SqlLedger, clock: SetClock, project: Project, window: str, seconds: float
) -> None:
    clock.now = datetime(2026, 3, 14, 12, 45, tzinfo=UTC)
    with pytest.raises(BudgetExhausted) as exhausted:
        await ledger.reserve(project.id, "one", 2, (Budget("installation", window, 1),))
    assert exhausted.value.retry_after == seconds


async def test_reserving_again_changes_nothing(ledger: SqlLedger, project: Project) -> None:
    for _ in range(3):
        await ledger.reserve(project.id, "one", 60, (DAY,))
    assert await ledger.taken("installation", "day") == 60


async def test_the_same_reservation_at_once_counts_once(
    ledger: SqlLedger, project: Project
) -> None:
    await asyncio.gather(*(ledger.reserve(project.id, "one", 60, (DAY,)) for _ in range(8)))
    assert await ledger.taken("installation", "day") == 60


async def test_what_is_free_passes_an_empty_budget_and_is_still_recorded(
    ledger: SqlLedger, database: Database, project: Project
) -> None:
    empty = Budget("installation", "day", 0)
    await ledger.reserve(project.id, "one", 0, (empty,))
    assert await entry_of(database, "one") == ("reserved", None, False)
    await ledger.settle("one", 0)
    assert await entry_of(database, "one") == ("settled", 0, False)


async def test_what_looked_free_but_cost_money_is_counted(
    ledger: SqlLedger, project: Project
) -> None:
    await ledger.reserve(project.id, "one", 0, (DAY,))
    await ledger.settle("one", 7)
    assert await ledger.taken("installation", "day") == 7


async def test_of_two_budgets_for_one_window_the_lower_counts_and_counts_once(
    ledger: SqlLedger, project: Project
) -> None:
    both = (DAY, Budget("installation", "day", 20))
    await ledger.reserve(project.id, "one", 20, both)
    assert await ledger.taken("installation", "day") == 20
    with pytest.raises(BudgetExhausted):
        await ledger.reserve(project.id, "two", 1, both)


@pytest.mark.parametrize("cost", [0, 59, 60, 140])
async def test_the_true_cost_replaces_the_reservation_once(
    ledger: SqlLedger, database: Database, project: Project, cost: int
) -> None:
    await ledger.reserve(project.id, "one", 60, (DAY, Budget("key", "month", 60)))
    for amount in (cost, 999):
        await ledger.settle("one", amount)
    await ledger.refund("one")
    assert await ledger.taken("installation", "day") == cost
    assert await ledger.taken("key", "month") == cost
    assert await entry_of(database, "one") == ("settled", cost, False)


async def test_a_refund_returns_everything_once(
    ledger: SqlLedger, database: Database, project: Project
) -> None:
    await ledger.reserve(project.id, "one", 60, (DAY,))
    await ledger.reserve(project.id, "two", 30, (DAY,))
    await ledger.refund("one")
    await ledger.refund("one")
    await ledger.settle("one", 60)
    assert await ledger.taken("installation", "day") == 30
    assert await entry_of(database, "one") == ("refunded", 0, False)


async def test_many_endings_at_once_are_one_ending(ledger: SqlLedger, project: Project) -> None:
    await ledger.reserve(project.id, "one", 60, (DAY,))
    await asyncio.gather(*(ledger.refund("one") for _ in range(8)))
    assert await ledger.taken("installation", "day") == 0


async def test_the_window_of_the_reservation_is_corrected_not_the_current_one(
    ledger: SqlLedger, clock: SetClock, project: Project
) -> None:
    await ledger.reserve(project.id, "one", 60, (DAY,))
    clock.now = NOON + timedelta(days=1)
    await ledger.reserve(project.id, "two", 10, (DAY,))
    await ledger.refund("one")
    assert await ledger.taken("installation", "day") == 10
    clock.now = NOON
    assert await ledger.taken("installation", "day") == 0


async def test_settling_at_the_reservation_says_what_it_was(
    ledger: SqlLedger, project: Project
) -> None:
    for name in ("open", "settled", "refunded"):
        await ledger.reserve(project.id, name, 30, (DAY,))
    await ledger.settle("settled", 20)
    await ledger.refund("refunded")
    names = ("open", "open", "settled", "refunded", "unknown")
    assert [await ledger.settle_reserved(name) for name in names] == [30, 30, 20, 0, 0]
    assert await ledger.taken("installation", "day") == 50


async def test_what_was_never_reserved_is_not_counted_anywhere(
    ledger: SqlLedger, project: Project
) -> None:
    await ledger.settle("unknown", 10)
    await ledger.refund("unknown")
    await ledger.mark_duplicate("unknown")
    assert await ledger.taken("installation", "day") == 0


@pytest.mark.parametrize("order", ["settled first", "marked first"])
async def test_a_duplicate_is_paid_and_marked(
    ledger: SqlLedger, database: Database, project: Project, order: str
) -> None:
    await ledger.reserve(project.id, "one", 30, (DAY,))
    if order == "settled first":
        await ledger.settle("one", 30)
    await ledger.mark_duplicate("one")
    await ledger.settle("one", 30)
    assert await entry_of(database, "one") == ("settled", 30, True)
    assert await ledger.taken("installation", "day") == 30


async def test_reservations_without_a_generation_are_refunded(
    ledger: SqlLedger, generations: SqlGenerations, clock: SetClock, project: Project
) -> None:
    begun = a_generation(project)
    await generations.begin(begun)
    await ledger.reserve(project.id, begun.id, 10, (DAY,))
    await ledger.reserve(project.id, "orphan", 20, (DAY,))
    clock.now += timedelta(seconds=60)
    await ledger.reserve(project.id, "fresh", 30, (DAY,))
    assert await ledger.refund_orphans(NOON) == 0
    assert await ledger.refund_orphans(NOON + timedelta(seconds=1)) == 1
    assert await ledger.refund_orphans(NOON + timedelta(seconds=1)) == 0
    assert await ledger.taken("installation", "day") == 40


async def test_reservations_whose_generation_ended_are_closed(
    ledger: SqlLedger,
    generations: SqlGenerations,
    database: Database,
    clock: SetClock,
    project: Project,
) -> None:
    made, asked, unasked, running = (a_generation(project) for _ in range(4))
    for generation in (made, asked, unasked, running):
        await generations.begin(generation)
        await ledger.reserve(project.id, generation.id, 20, (DAY,))
    await generations.note_job(project.id, asked.id, "job-1")
    await generations.succeed(project.id, made.id, an_image(made), cost_micros=25, processing_ms=1)
    for generation in (asked, unasked):
        await generations.fail(project.id, generation.id, "ABANDONED", "Gone.")
    assert await ledger.close_ended(NOON) == 0
    clock.now += timedelta(seconds=60)
    assert await ledger.close_ended(clock.now) == 3
    assert await ledger.close_ended(clock.now) == 0
    states = [await entry_of(database, one.id) for one in (made, asked, unasked, running)]
    assert states == [
        ("settled", 25, False),
        ("settled", 20, False),
        ("refunded", 0, False),
        ("reserved", None, False),
    ]
    assert await ledger.taken("installation", "day") == 25 + 20 + 20
