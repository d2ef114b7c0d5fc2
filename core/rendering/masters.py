"""Fetches the bytes of stored pictures, for models that go by other pictures."""

from cache.entry import Key
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from core.failures import public
from core.models import Image


class StoredMasters:
    """The Masters port over the cache."""

    def __init__(self, cache: ReadThrough) -> None:
        self._cache = cache

    async def body(self, image: Image) -> bytes | None:
        """The picture as it is stored; None when it is not there. Raises StoreDown."""
        try:
            found = await self._cache.lookup(Key(image.slot, image.identity))
        except CacheError as error:
            raise public(error) from error
        return None if found is None else found.entry.body


class NoMasters:
    """The Masters port where no model goes by other pictures."""

    async def body(self, image: Image) -> bytes | None:
        del image
        return None
