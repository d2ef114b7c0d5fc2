"""The counters behind budgets: how much a subject has spent in one hour, day or month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.budgets import Window, seconds_left, window_start
from core.errors import BudgetExhausted
from core.limits import Budget
from core.records.columns import microseconds, moment
from core.records.database import Database
from core.records.tables import budget_windows


@dataclass(frozen=True, slots=True, order=True)
class Counter:
    """One window of one subject. Counters are always taken in their order: no deadlocks."""

    subject: str
    period: Window
    start: datetime

    @property
    def row(self) -> ColumnElement[bool]:
        return and_(
            budget_windows.c.subject == self.subject,
            budget_windows.c.period == self.period,
            budget_windows.c.window_start == self.start,
        )


def limits_at(now: datetime, budgets: Iterable[Budget]) -> dict[Counter, int]:
    """The counters of the current windows and their limits; of equal ones the lowest counts."""
    limits: dict[Counter, int] = {}
    for budget in budgets:
        counter = Counter(budget.subject, budget.window, window_start(budget.window, now))
        limits[counter] = min(budget.limit_micros, limits.get(counter, budget.limit_micros))
    return dict(sorted(limits.items()))


def packed(counters: Iterable[Counter]) -> list[list[str | int]]:
    """The counters as the ledger notes them."""
    return [[one.subject, one.period, microseconds(one.start)] for one in counters]


def unpacked(noted: Iterable[tuple[str, Window, int]]) -> list[Counter]:
    return sorted(Counter(subject, period, moment(start)) for subject, period, start in noted)


async def take(
    database: Database,
    connection: AsyncConnection,
    amount: int,
    limits: dict[Counter, int],
    now: datetime,
) -> None:
    """Add the amount to every counter that stays within its limit.

    Raises BudgetExhausted at the first that would not; the transaction must then be undone.
    """
    for counter, limit in limits.items():
        added = await _add(database, connection, amount, counter, limit)
        if not added:
            wait = seconds_left(counter.period, now)
            raise BudgetExhausted(retry_after=max(1.0, wait))


async def correct(
    database: Database, connection: AsyncConnection, change: int, counters: Iterable[Counter]
) -> None:
    """Add what a true cost differs from its reservation, whatever the limits."""
    if change == 0:
        return
    for counter in counters:
        await _add(database, connection, change, counter, None)


async def spent_in(connection: AsyncConnection, counter: Counter) -> int:
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
    spent = budget_windows.c.taken
    # The condition is judged by the database under the row's lock, never by us before it.
    addition = update(budget_windows).where(counter.row).values(taken=spent + amount)
    if limit is not None:
        addition = addition.where(spent + amount <= limit)
    return (await connection.execute(addition)).rowcount == 1
