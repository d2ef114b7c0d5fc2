"""Tells what a new picture would be refused with by rates and budgets; asks, and takes nothing."""

from datetime import UTC, datetime

from cache.entry import Key
from cache.readthrough import ReadThrough
from core.errors import BudgetExhausted
from core.ports import Admission, Counts, Generations
from core.spending.budgets import seconds_left
from core.spending.limits import Budget
from core.spending.permission import Account


class Foresight:
    """``budgets`` are the installation's, which every picture counts in.

    An answer holds for now: what is begun afterwards is asked again, and then it is counted.
    """

    def __init__(
        self,
        *,
        cache: ReadThrough,
        generations: Generations,
        admission: Admission,
        budgets: tuple[Budget, ...],
        counts: Counts,
    ) -> None:
        self._cache = cache
        self._generations = generations
        self._admission = admission
        self._budgets = budgets
        self._counts = counts

    async def is_under_way(self, project_id: str, key: Key) -> bool:
        """Here, or in another process: whoever asks meanwhile joins, and pays nothing."""
        if self._cache.in_flight(key):
            return True
        return await self._generations.unfinished(project_id, key.identity) is not None

    async def ensure_rate(self, account: Account) -> None:
        """Raises RateLimitExceeded, CoordinatorDown."""
        if account.key_id is not None:
            await self._admission.ensure_left(account.key_id)

    async def ensure_budgets(self, account: Account, price_micros: int) -> None:
        """Raises BudgetExhausted, with ``retry_after`` as Ledger.reserve; RecordsUnavailable."""
        for budget in self._budgets + account.budgets:
            await self._ensure_left(budget, price_micros)

    async def _ensure_left(self, budget: Budget, price_micros: int) -> None:
        amount = 1 if budget.unit == "pictures" else price_micros
        if amount <= 0:
            return
        taken = await self._counts.taken(budget.subject, budget.window)
        if taken + amount > budget.limit:
            wait = seconds_left(budget.window, datetime.now(UTC))
            raise BudgetExhausted(retry_after=None if wait is None else max(1.0, wait))
