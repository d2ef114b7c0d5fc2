"""Puts a new picture behind a live URL, in the place of the one that was there."""

from dataclasses import dataclass, replace

import structlog

from cache.entry import Entry, Key
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from core.errors import EdgeError
from core.models import Generation, Project
from core.ports import PurgeWatch
from core.scopes.ports import LivePictureLibrary, Replacements


@dataclass(frozen=True, slots=True)
class Exchanges:
    """Who takes part in every exchange."""

    cache: ReadThrough
    pictures: LivePictureLibrary
    replacements: Replacements
    purges: PurgeWatch


@dataclass(frozen=True, slots=True)
class Swap:
    """What is exchanged for what: ``place`` is the live URL's key, ``image_id`` the image that
    stood there, of this scope; ``key`` is the new picture's own.

    A purge of the place after ``number`` wins.
    """

    project: Project
    scope_id: str | None
    place: Key
    image_id: str
    key: Key
    number: int


class Exchange:
    """The landing of one new picture."""

    def __init__(self, exchanges: Exchanges, swap: Swap) -> None:
        self._exchanges = exchanges
        self._swap = swap
        self._placed = False
        self._log = structlog.get_logger("remaking")

    async def spared(self) -> Entry | None:
        """Somebody else made the exchange while this one waited: theirs is the new picture.

        Raises TierUnavailable, EntryCorrupt (both about the store), RecordsUnavailable.
        """
        pictures, cache, swap = self._exchanges.pictures, self._exchanges.cache, self._swap
        stands = swap.scope_id is not None and await pictures.one_of_scope(
            swap.project.id, swap.scope_id, swap.image_id
        )
        if stands:
            return None
        # This process may not have heard of the exchange yet.
        await cache.evict([swap.place])
        found = await cache.lookup(swap.place)
        if found is None or found.entry.meta["image"] == swap.image_id:
            return None
        self._placed = True
        return replace(found.entry, identity=swap.key.identity)

    async def arrived(self, entry: Entry) -> None:
        """Before its record says so: who sees it done finds it behind the URL."""
        if self._placed:
            return
        try:
            self._placed = await self._place(entry)
        except (CacheError, EdgeError):
            # Asked again it costs nothing: the new picture is there, it only has to change places.
            self._log.exception("picture_not_placed", slot=self._swap.place.slot)

    async def recorded(self, generation: Generation) -> None:
        """The records follow; where the picture was made it need not stand any longer."""
        if not self._placed:
            self._log.warning("picture_not_exchanged", generation=generation.id)
            return
        image_id = generation.output_image_id
        assert image_id is not None
        exchanges, swap = self._exchanges, self._swap
        await exchanges.pictures.take_place(swap.project.id, generation.id, image_id, swap.place)
        await exchanges.cache.forget(swap.key)

    async def _place(self, entry: Entry) -> bool:
        """Put the picture behind the live URL, unless that was purged during the work. Whether it
        stands there."""
        exchanges, swap = self._exchanges, self._swap
        async with exchanges.cache.placing(swap.place) as slot:
            if await self._is_purged():
                return False
            await slot.put(replace(entry, identity=swap.place.identity))
            if await self._is_purged():
                await slot.clear()
                return False
            await exchanges.replacements.replaced(swap.project, swap.place)
            return True

    async def _is_purged(self) -> bool:
        swap = self._swap
        return await self._exchanges.purges.purged_since(
            swap.project.id, swap.place.slot, swap.number
        )
