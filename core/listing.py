"""Parts of long lists: what is asked for, and what comes back."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is wanted, newest first; ``cursor`` (opaque) goes before ``offset``."""

    limit: int = 20
    offset: int = 0
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """A part of a list. ``total`` is exact up to 10,000; ``next_cursor`` is None at the end."""

    rows: tuple[Row, ...]
    total: int
    total_is_exact: bool
    next_cursor: str | None
