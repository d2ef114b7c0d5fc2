"""Deletes derivatives: their bytes in every tier, then their rows."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from cache.entry import Key
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from core.derivatives.ports import DerivativeBook, Stored
from core.failures import public

_AT_ONCE = 8


class Deleting:
    """Bytes first, so that a store that does not answer leaves a row to try again by."""

    def __init__(self, cache: ReadThrough, book: DerivativeBook) -> None:
        self._cache = cache
        self._book = book

    async def of_masters(self, project_id: str, master_slots: Sequence[str]) -> int:
        """Every derivative of these masters: how many. Raises StoreDown, RecordsUnavailable."""
        rows = await self._book.of_masters(project_id, master_slots)
        await self._delete(rows)
        return len(rows)

    async def unused(self, before: datetime | None, limit: int) -> tuple[int, int]:
        """The longest unused, at most ``limit``: how many, and their bytes.

        Raises StoreDown, RecordsUnavailable.
        """
        rows = await self._book.least_used(before, limit)
        await self._delete(rows)
        return len(rows), sum(row.file_size for row in rows)

    async def _delete(self, rows: Sequence[Stored]) -> None:
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            try:
                await asyncio.gather(
                    *(self._cache.forget(Key(row.slot, row.identity)) for row in part)
                )
            except CacheError as error:
                raise public(error) from error
            await self._book.remove(part)
