"""What was used, read from the ledger and from the hits by the hour."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Label, Row, Select, and_, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.records.columns import UtcTime
from core.records.database import Database
from core.records.ledger import Clock
from core.records.tables import generation_history, generations, hit_counts, ledger, scopes
from core.spending.budgets import Recurring, window_end, window_start
from core.spending.tally import HitBook, Whose
from core.spending.usage import Accounts, UsageBook, Use, WindowUse

_WINDOWS: tuple[Recurring, ...] = ("hour", "day", "month")
_AT_ONCE = 500
# What was given back has neither made a picture nor cost anything.
_COUNTS = ledger.c.state != "refunded"
_CURRENT = and_(
    generations.c.project_id == ledger.c.project_id,
    generations.c.id == ledger.c.generation_id,
)
_EARLIER = and_(
    generation_history.c.project_id == ledger.c.project_id,
    generation_history.c.generation_id == ledger.c.generation_id,
    generation_history.c.attempt == ledger.c.attempt,
)


class SqlUsage(UsageBook, HitBook):
    """Use in SQL. ``clock`` is the ledger's. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add_hits(self, counts: Mapping[Whose, int]) -> None:
        """Add these to the current hour, all or none."""
        async with self._database.writing() as connection:
            hour = window_start("hour", await self._clock(connection))
            # Always in one order: processes that write at once must not wait for each other.
            rows = [
                {"project_id": project, "scope_id": scope, "hour_start": hour, "hits": hits}
                for (project, scope), hits in sorted(counts.items())
            ]
            for some in _in_parts(rows):
                adding = self._database.insert_adding(hit_counts.c.hits, some)
                await connection.execute(adding)

    async def accounts(self, project_id: str) -> Accounts:
        """The current windows, and the month by scope and by model, the dearest first."""
        async with self._database.reading() as connection:
            now = await self._clock(connection)
            month = window_start("month", now)
            return Accounts(
                windows=await _windows(connection, project_id, now),
                by_scope=await _by_scope(connection, project_id, month),
                by_model=await _by_model(connection, project_id, month),
            )


def _in_parts(rows: Sequence[dict[str, Any]]) -> list[Sequence[dict[str, Any]]]:
    return [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]


async def _windows(
    connection: AsyncConnection, project_id: str, now: datetime
) -> tuple[WindowUse, ...]:
    starts = {window: window_start(window, now) for window in _WINDOWS}
    made = (await connection.execute(_made(project_id, starts))).mappings().one()
    served = (await connection.execute(_served(project_id, starts))).mappings().one()
    return tuple(
        WindowUse(
            window,
            start,
            window_end(window, now),
            Use(
                int(made[f"{window}_made"] or 0),
                int(served[f"{window}_hits"] or 0),
                int(made[f"{window}_spent"] or 0),
            ),
        )
        for window, start in starts.items()
    )


def _made(project_id: str, starts: Mapping[Recurring, datetime]) -> Select[*tuple[Any, ...]]:
    at = ledger.c.reserved_at
    sums = [
        one
        for window, start in starts.items()
        for one in (
            _sum_since(at, start, literal(1)).label(f"{window}_made"),
            _sum_since(at, start, _spent()).label(f"{window}_spent"),
        )
    ]
    return select(*sums).where(ledger.c.project_id == project_id, at >= starts["month"], _COUNTS)


def _served(project_id: str, starts: Mapping[Recurring, datetime]) -> Select[*tuple[Any, ...]]:
    at = hit_counts.c.hour_start
    sums = [
        _sum_since(at, start, hit_counts.c.hits).label(f"{window}_hits")
        for window, start in starts.items()
    ]
    return select(*sums).where(hit_counts.c.project_id == project_id, at >= starts["month"])


def _sum_since(
    at: ColumnElement[datetime], start: datetime, amount: ColumnElement[int]
) -> ColumnElement[int]:
    return func.sum(case((at >= literal(start, UtcTime), amount), else_=0))


async def _by_scope(
    connection: AsyncConnection, project_id: str, month: datetime
) -> dict[str | None, Use]:
    """An earlier attempt may have been made through a scope, the current one without."""
    earlier = generation_history.c
    scope = case((earlier.attempt.is_not(None), earlier.scope_id), else_=generations.c.scope_id)
    attempts = ledger.outerjoin(generations, _CURRENT).outerjoin(generation_history, _EARLIER)
    made = (
        select(scope.label("name"), *_totals())
        .select_from(attempts)
        .where(ledger.c.project_id == project_id, ledger.c.reserved_at >= month, _COUNTS)
        .group_by(scope)
    )
    hits = (
        select(hit_counts.c.scope_id, func.sum(hit_counts.c.hits).label("hits"))
        .where(hit_counts.c.project_id == project_id, hit_counts.c.hour_start >= month)
        .group_by(hit_counts.c.scope_id)
    )
    slugs = select(scopes.c.id, scopes.c.slug).where(scopes.c.project_id == project_id)
    named = {row.id: row.slug for row in await connection.execute(slugs)}
    uses: dict[str | None, Use] = {}
    for row in await connection.execute(made):
        _add(uses, named.get(row.name), _use(row))
    for row in await connection.execute(hits):
        _add(uses, named.get(row.scope_id), Use(hits=int(row.hits)))
    return _sorted(uses)


async def _by_model(
    connection: AsyncConnection, project_id: str, month: datetime
) -> dict[str, Use]:
    """An earlier attempt may have been another model's: the history knows."""
    model = func.coalesce(generation_history.c.model, generations.c.model)
    made = (
        select(model.label("name"), *_totals())
        .select_from(ledger.join(generations, _CURRENT).outerjoin(generation_history, _EARLIER))
        .where(ledger.c.project_id == project_id, ledger.c.reserved_at >= month, _COUNTS)
        .group_by(model)
    )
    return _sorted({row.name: _use(row) for row in await connection.execute(made)})


def _totals() -> tuple[Label[int], Label[int]]:
    return func.count().label("made"), func.sum(_spent()).label("spent")


def _use(row: Row[Any]) -> Use:
    return Use(generations=row.made, spent_micros=int(row.spent))


def _add(uses: dict[str | None, Use], name: str | None, more: Use) -> None:
    one = uses.get(name, Use())
    uses[name] = Use(
        one.generations + more.generations,
        one.hits + more.hits,
        one.spent_micros + more.spent_micros,
    )


def _sorted(uses: Mapping[Any, Use]) -> dict[Any, Use]:
    def dearest(item: tuple[Any, Use]) -> tuple[int, int, int, str]:
        name, use = item
        return -use.spent_micros, -use.generations, -use.hits, name or ""

    return dict(sorted(uses.items(), key=dearest))


def _spent() -> ColumnElement[int]:
    return func.coalesce(ledger.c.settled_micros, ledger.c.reserved_micros)
