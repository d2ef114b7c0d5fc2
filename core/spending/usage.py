"""What a project has used: pictures made and served, and the money, by window, scope and model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.ports import Counts
from core.spending.budgets import Recurring
from core.spending.tally import Tally

# Whose daily budget bounds the whole installation.
_EVERYBODY = "installation"


@dataclass(frozen=True, slots=True)
class Use:
    """``generations``: pictures made or being made, and attempts that cost money without one.

    ``hits``: stored pictures served. Money is reserved and spent, also what was paid in vain.
    """

    generations: int = 0
    hits: int = 0
    spent_micros: int = 0


@dataclass(frozen=True, slots=True)
class WindowUse:
    """``end`` is the first moment after the window."""

    window: Recurring
    start: datetime
    end: datetime
    use: Use


@dataclass(frozen=True, slots=True)
class Accounts:
    """The current windows, and the month's use by scope and by model.

    Scopes go by their slugs; None is everything else: keys' own requests, stored images, and
    scopes that are no more. The dearest come first.
    """

    windows: tuple[WindowUse, ...]
    by_scope: Mapping[str | None, Use]
    by_model: Mapping[str, Use]


@dataclass(frozen=True, slots=True)
class DailyBudget:
    """The installation's own: the limit, and what is left of it today."""

    limit_micros: int
    remaining_micros: int


class UsageBook(Protocol):
    """Where use is written down."""

    async def accounts(self, project_id: str) -> Accounts:
        """Raises RecordsUnavailable."""


class Usage:
    """``daily_micros`` is the installation's daily budget; None when it is lifted."""

    def __init__(
        self, book: UsageBook, tally: Tally, counts: Counts, daily_micros: int | None
    ) -> None:
        self._book = book
        self._tally = tally
        self._counts = counts
        self._daily_micros = daily_micros

    async def accounts(self, project_id: str) -> Accounts:
        """With what this process has served until now; others write theirs down within seconds.

        Raises RecordsUnavailable.
        """
        await self._tally.flush()
        return await self._book.accounts(project_id)

    async def daily_budget(self) -> DailyBudget | None:
        """Raises RecordsUnavailable."""
        if self._daily_micros is None:
            return None
        taken = await self._counts.taken(_EVERYBODY, "day")
        return DailyBudget(self._daily_micros, max(0, self._daily_micros - taken))
