"""The counters behind budgets: how much of a subject's money or pictures is taken in one window."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import BudgetExhausted
from core.records.columns import microseconds, moment
from core.records.database import Database
from core.records.tables import budget_windows
from core.spending.budgets import Window, seconds_left, window_start
from core.spending.limits import Budget, Unit


@dataclass(frozen=True, slots=True, order=True)
class Counter:
    """One window of one subject, and what is counted in it."""

    subject: str
    period: Window
    start: datetime
    unit: Unit = "micros"

    @property
    def row(self) -> ColumnElement[bool]:
        return and_(
            budget_windows.c.subject == self.subject,
            budget_windows.c.period == self.period,
            budget_windows.c.window_start == self.start,
        )


def budgets_at(now: datetime, budgets: Iterable[Budget]) -> dict[Counter, Budget]:
    """The counters of the current windows and what limits them; of equal ones the lowest counts."""
    limits: dict[Counter, Budget] = {}
    for budget in budgets:
        start = window_start(budget.window, now)
        counter = Counter(budget.subject, budget.window, start, budget.unit)
        if counter not in limits or budget.limit < limits[counter].limit:
            limits[counter] = budget
    return {counter: limits[counter] for counter in in_order(limits)}


def in_order(counters: Iterable[Counter]) -> list[Counter]:
    """As they are always taken, by everybody: no deadlocks.

    Backwards, so that "scope:…:pictures", whose window never ends, is asked before "scope:…", and
    the row everybody waits for, "installation", is held for the shortest time.
    """
    return sorted(counters, reverse=True)


def packed(counters: Iterable[Counter]) -> list[list[str | int]]:
    """The counters as the ledger notes them."""
    return [[one.subject, one.period, microseconds(one.start), one.unit] for one in counters]


def unpacked(
    noted: Iterable[tuple[str, Window, int] | tuple[str, Window, int, Unit]],
) -> list[Counter]:
    """The counters of a note; one of three words is from before pictures were counted."""
    counters = [
        Counter(subject, period, moment(start), *unit) for subject, period, start, *unit in noted
    ]
    return in_order(counters)


async def take(
    database: Database,
    connection: AsyncConnection,
    amount_micros: int,
    limits: dict[Counter, Budget],
    now: datetime,
) -> None:
    """Add the amount, or one picture, to every counter that stays within its limit.

    Nothing passes every budget for money. Raises BudgetExhausted at the first counter that would
    not stay within; the transaction must then be undone.
    """
    for counter, budget in limits.items():
        amount = 1 if counter.unit == "pictures" else amount_micros
        if amount > 0 and not await _add(database, connection, amount, counter, budget.limit):
            raise _exhausted(budget, now)


def _exhausted(budget: Budget, now: datetime) -> BudgetExhausted:
    wait = seconds_left(budget.window, now)
    error = BudgetExhausted(retry_after=None if wait is None else max(1.0, wait))
    error.payer = budget.payer
    return error


async def correct(
    database: Database,
    connection: AsyncConnection,
    change_micros: int,
    counters: Iterable[Counter],
    *,
    made: bool,
) -> None:
    """Add what a true cost differs from its reservation, whatever the limits; what was not
    ``made`` gives its picture back."""
    for counter in counters:
        change = change_micros if counter.unit == "micros" else (0 if made else -1)
        if change != 0:
            await _add(database, connection, change, counter, None)


async def taken_in(connection: AsyncConnection, counter: Counter) -> int:
    found = await connection.scalar(select(budget_windows.c.taken).where(counter.row))
    return 0 if found is None else int(found)


async def _add(
    database: Database,
    connection: AsyncConnection,
    amount: int,
    counter: Counter,
    limit: int | None,
) -> bool:
    if amount > 0:
        absent = database.insert_absent(budget_windows).values(
            subject=counter.subject,
            period=counter.period,
            window_start=counter.start,
            taken=0,
        )
        await connection.execute(absent)
    taken = budget_windows.c.taken
    # The condition is judged by the database under the row's lock, never by us before it.
    addition = update(budget_windows).where(counter.row).values(taken=taken + amount)
    if limit is not None:
        addition = addition.where(taken + amount <= limit)
    return (await connection.execute(addition)).rowcount == 1
