"""A part of a list, newest first: its cursor, and a total exact as far as counting is cheap."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, Table, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import FieldError, Invalid
from core.listing import Listing, Window
from core.records.columns import UtcTime, microseconds, moment

COUNTED_EXACTLY = 10_000
_BAD_CURSOR = FieldError(
    "cursor", "CURSOR_INVALID", "Send pagination.nextCursor of the previous answer as it was."
)
_LONGEST_CURSOR = 1024
# PostgreSQL's bigint, and moments that ``datetime`` can hold.
_MICROSECONDS = range(253_402_300_800_000_000)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list was left: at the row with this time and id."""

    created_at: datetime
    id: str

    def cursor(self) -> str:
        """Opaque to callers: unpadded base64url."""
        text = f"{microseconds(self.created_at)}.{self.id}"
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_of(cursor: str) -> Position:
    """Raises Invalid (cursor, CURSOR_INVALID) for what ``Position.cursor`` did not make."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        when, point, identity = urlsafe_b64decode(padded).decode().partition(".")
        position = Position(moment(_whole(when)), identity)
    except (ValueError, binascii.Error) as error:
        raise Invalid(fields=[_BAD_CURSOR]) from error
    # Only the one spelling: decoders skip what they do not know.
    odd = not point or not identity or "\0" in identity or len(cursor) > _LONGEST_CURSOR
    if odd or position.cursor() != cursor:
        raise Invalid(fields=[_BAD_CURSOR])
    return position


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one window; what their list counts in all."""

    rows: Sequence[RowMapping]
    total: int
    total_is_exact: bool
    next_cursor: str | None

    def of(self, records: Sequence[Any]) -> Listing[Any]:
        """The same part with the rows read as records."""
        return Listing(tuple(records), self.total, self.total_is_exact, self.next_cursor)


async def part_of(
    connection: AsyncConnection,
    table: Table,
    conditions: Sequence[ColumnElement[bool]],
    window: Window,
) -> Part:
    """The window of the rows that meet all conditions. Raises Invalid (cursor)."""
    found = (await connection.execute(_page(table, conditions, window))).mappings().all()
    counted = await connection.scalar(_count(table, conditions))
    rows, more = found[: window.limit], len(found) > window.limit
    total = min(int(counted or 0), COUNTED_EXACTLY)
    return Part(
        rows=rows,
        total=total,
        total_is_exact=(counted or 0) <= COUNTED_EXACTLY,
        next_cursor=Position(rows[-1]["created_at"], rows[-1]["id"]).cursor() if more else None,
    )


def _page(table: Table, conditions: Sequence[ColumnElement[bool]], window: Window) -> Select[Any]:
    query = (
        select(table)
        .where(*conditions)
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        # One more tells whether there is a next part.
        .limit(window.limit + 1)
    )
    if window.cursor is None:
        return query.offset(window.offset) if window.offset else query
    return query.where(beyond(table, window.cursor))


def beyond(table: Table, cursor: str) -> ColumnElement[bool]:
    """The rows that come after the one the cursor names. Raises Invalid (cursor)."""
    left = position_of(cursor)
    row = tuple_(table.c.created_at, table.c.id)
    return row < tuple_(literal(left.created_at, UtcTime), literal(left.id))


def _count(table: Table, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Counts no further than one beyond what is told exactly: a million rows cost the same."""
    some = (
        select(literal(1).label("one"))
        .select_from(table)
        .where(*conditions)
        # Along an index; without an order a planner may read the table past all other projects.
        # From the oldest, because what changed last is dearer to look at.
        .order_by(table.c.created_at, table.c.id)
        .limit(COUNTED_EXACTLY + 1)
    )
    return select(func.count()).select_from(some.subquery())


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:20]) not in _MICROSECONDS:
        raise ValueError(text)
    return int(text)
