"""What every generation takes from budgets: reserved before, settled or refunded after, once."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, Select, Table, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ports import Counts, Ledger
from core.records.database import Database
from core.records.tables import generation_history, generations, ledger
from core.records.windows import Counter, budgets_at, correct, packed, take, taken_in, unpacked
from core.spending.budgets import Window, window_start
from core.spending.limits import Budget

Clock = Callable[[AsyncConnection], Awaitable[datetime]]
_AT_ONCE = 100
_OF_THE_GENERATION = and_(
    generations.c.project_id == ledger.c.project_id, generations.c.id == ledger.c.generation_id
)
_OF_THE_CURRENT_ATTEMPT = and_(_OF_THE_GENERATION, generations.c.attempt == ledger.c.attempt)
_OF_AN_EARLIER_ATTEMPT = and_(
    generation_history.c.project_id == ledger.c.project_id,
    generation_history.c.generation_id == ledger.c.generation_id,
    generation_history.c.attempt == ledger.c.attempt,
)


class SqlLedger(Ledger, Counts):
    """The ledger in SQL. ``clock`` decides which window is current: the database's own, so that
    a machine with a wrong clock spends from the same window as all others.

    Every method raises RecordsUnavailable.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._log = structlog.get_logger("ledger")

    async def reserve(
        self, project_id: str, account: str, amount_micros: int, budgets: tuple[Budget, ...]
    ) -> None:
        """Take the amount from every budget for money and one from every budget for pictures, or
        from none. Repeating it changes nothing.

        An amount of 0 passes every budget for money. Raises BudgetExhausted with ``retry_after`` =
        seconds until the window ends, None for one that never does.
        """
        generation_id, _, attempt = account.partition("#")
        async with self._database.writing() as connection:
            now = await self._clock(connection)
            limits = budgets_at(now, budgets)
            entry = self._database.insert_absent(ledger).values(
                account=account,
                generation_id=generation_id,
                attempt=int(attempt or 0),
                project_id=project_id,
                state="reserved",
                reserved_micros=amount_micros,
                duplicate=False,
                taken=packed(limits),
                reserved_at=now,
            )
            fresh = (await connection.execute(entry)).rowcount == 1
            if fresh:
                await take(self._database, connection, amount_micros, limits, now)

    async def settle(self, account: str, amount_micros: int) -> None:
        """The reservation became this cost, also beyond the budget: it has been spent.

        A second call changes nothing.
        """
        async with self._database.writing() as connection:
            await self._end(connection, account, "settled", amount_micros)
            known = await self._entry(connection, account)
        if known is None:
            self._log.error("spent_unreserved", account=account, micros=amount_micros)

    async def refund(self, account: str) -> None:
        """The reservation cost nothing. A second call, or one without reservation: no change."""
        async with self._database.writing() as connection:
            await self._end(connection, account, "refunded", 0)

    async def settle_reserved(self, account: str) -> int:
        """Settle at what was reserved and return it; what was settled before is returned as is.

        0 for what was refunded or never reserved.
        """
        async with self._database.writing() as connection:
            await self._end(connection, account, "settled", ledger.c.reserved_micros)
            entry = await self._entry(connection, account)
        return 0 if entry is None else int(entry.settled_micros)

    async def mark_duplicate(self, account: str) -> None:
        """Its picture was paid for but lost the race for the slot. Settles it if still open."""
        mark = update(ledger).where(ledger.c.account == account).values(duplicate=True)
        async with self._database.writing() as connection:
            await self._end(connection, account, "settled", ledger.c.reserved_micros)
            await connection.execute(mark)

    async def refund_orphans(self, before: datetime) -> int:
        """Refund reservations older than ``before`` whose generation was never written down."""
        async with self._database.reading() as connection:
            orphans = (await connection.scalars(_orphans(before))).all()
        # One transaction each: a batch would lock windows in an order of its own.
        for account in orphans:
            await self.refund(account)
        return len(orphans)

    async def close_ended(self, before: datetime) -> int:
        """Close reservations of attempts that ended before ``before`` without their knowing.

        A picture made costs what its record says; any other end costs the reservation if the
        provider had been asked, else nothing.
        """
        async with self._database.reading() as connection:
            forgotten = [*await connection.execute(_ended(before, generations))]
            forgotten += await connection.execute(_ended(before, generation_history))
        for one in forgotten:
            if one.status == "success" and not one.cached:
                await self.settle(one.account, one.cost_micros)
            elif one.job_id is None:
                await self.refund(one.account)
            else:
                await self.settle_reserved(one.account)
        return len(forgotten)

    async def taken(self, subject: str, window: Window) -> int:
        """What is reserved or settled in the current window of a budget's subject: micro-dollars,
        or pictures where it counts those."""
        async with self._database.reading() as connection:
            start = window_start(window, await self._clock(connection))
            return await taken_in(connection, Counter(subject, window, start))

    async def _end(
        self,
        connection: AsyncConnection,
        account: str,
        state: str,
        amount_micros: int | ColumnElement[int],
    ) -> None:
        """The one way out of "reserved": only the first transition finds a row to change."""
        transition = (
            update(ledger)
            .where(ledger.c.account == account, ledger.c.state == "reserved")
            .values(
                state=state, settled_micros=amount_micros, ended_at=await self._clock(connection)
            )
        )
        if (await connection.execute(transition)).rowcount != 1:
            return
        entry = await self._entry(connection, account)
        assert entry is not None
        change = entry.settled_micros - entry.reserved_micros
        counters, made = unpacked(entry.taken), state == "settled"
        await correct(self._database, connection, change, counters, made=made)

    async def _entry(self, connection: AsyncConnection, account: str) -> Row[Any] | None:
        query = select(ledger).where(ledger.c.account == account)
        return (await connection.execute(query)).first()


def _orphans(before: datetime) -> Select[Any]:
    return (
        select(ledger.c.account)
        .select_from(ledger.outerjoin(generations, _OF_THE_GENERATION))
        .where(ledger.c.state == "reserved", ledger.c.reserved_at < before)
        .where(generations.c.id.is_(None))
        .order_by(ledger.c.reserved_at)
        .limit(_AT_ONCE)
    )


def _ended(before: datetime, attempts: Table) -> Select[Any]:
    """Open accounts of current attempts that ended, or of earlier ones, which all have."""
    current = attempts is generations
    joined = _OF_THE_CURRENT_ATTEMPT if current else _OF_AN_EARLIER_ATTEMPT
    one = attempts.c
    return (
        select(ledger.c.account, one.status, one.job_id, one.cost_micros, one.cached)
        .select_from(ledger.join(attempts, joined))
        .where(ledger.c.state == "reserved", one.updated_at < before)
        .where(one.status.in_(("success", "failed", "cancelled")))
        .order_by(ledger.c.reserved_at)
        .limit(_AT_ONCE)
    )
