"""Deletes the bytes of images where there is no journal of purges: in one process, at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cache.entry import Key
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from core.failures import public
from core.models import Image
from core.purging.ports import Takedowns


class LocalTakedowns(Takedowns):
    """For programs and tests that have the cache to themselves."""

    def __init__(self, cache: ReadThrough) -> None:
        self._cache = cache

    async def carry_out(self, project_id: str) -> None: ...

    @asynccontextmanager
    async def erasing(self, image: Image, *, shared: bool) -> AsyncIterator[None]:
        """Raises StoreDown."""
        if not shared:
            try:
                await self._cache.forget(Key(image.slot, image.identity))
            except CacheError as error:
                raise public(error) from error
        yield
