"""Keeps storage within its bounds: what nobody uses goes, what nobody can make again stays."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial

import structlog

from cache.entry import Key
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from cache.tier import Lease, Leases
from core.errors import EdgeError
from core.models import Image
from core.rest_ports import ImageLibrary
from core.storage.shelf import Bounds, Shavings, Shelf, Tidied

_EVERY = 600.0
_AT_ONCE = 100
# Fewer where each one counts: no more shall go than has to.
_FEW = 20
# Once over the bound, room is made for a while, so that not every new picture drives one out.
_ENOUGH = 0.95
# No identity hashes to it: one process of the fleet tidies at a time.
_LEASE = "6b656570000000000000000000000000"


class Keeper:
    """Looks every ten minutes; one process of the fleet at a time.

    What goes for room is not told to CDNs: their copies are good for as long as they last.
    """

    def __init__(
        self,
        *,
        shelf: Shelf,
        library: ImageLibrary,
        cache: ReadThrough,
        derivatives: Shavings,
        leases: Leases,
        bounds: Bounds,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._shelf = shelf
        self._library = library
        self._cache = cache
        self._derivatives = derivatives
        self._leases = leases
        self._bounds = bounds
        self._clock = clock
        self._log = structlog.get_logger("keeper")

    async def run(self) -> None:
        """Tidy until cancelled."""
        while True:
            # Jitter first: processes that start together do not look together.
            await asyncio.sleep(_EVERY * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            try:
                await self.tidy()
            except (EdgeError, CacheError) as error:
                self._log.warning("tidying_failed", error=type(error).__name__)
            except Exception:  # noqa: BLE001 - a bug in one round must not end all later ones
                self._log.exception("tidying_crashed")

    async def tidy(self) -> Tidied | None:
        """One round; None when another process has it.

        Raises StoreDown, RecordsUnavailable, CoordinatorUnavailable.
        """
        lease = await self._leases.acquire(_LEASE)
        if lease is None:
            return None
        try:
            return await self._tidy(lease)
        finally:
            await lease.release()

    async def _tidy(self, lease: Lease) -> Tidied:
        bounds, now = self._bounds, self._clock()
        deleted = live = smaller = 0
        if bounds.deleted is not None:
            deleted = await self._erase_all(
                lease, partial(self._shelf.deleted, now - bounds.deleted)
            )
        if bounds.derivatives is not None:
            smaller = await self._drop_derivatives(lease, now - bounds.derivatives)
        if bounds.live is not None:
            live = await self._erase_all(lease, partial(self._shelf.unused, now - bounds.live))
        kept = await self._shelf.kept()
        if bounds.max_bytes is not None and kept.total > bounds.max_bytes:
            room = kept.total - int(bounds.max_bytes * _ENOUGH)
            more, fewer = await self._make_room(lease, room)
            smaller, live, kept = smaller + more, live + fewer, await self._shelf.kept()
            if kept.total > bounds.max_bytes:
                self._log.warning("storage_over_its_bound", **asdict(kept), bound=bounds.max_bytes)
        tidied = Tidied(deleted, smaller, live, kept)
        if deleted or smaller or live:
            self._log.info("tidied", deleted=deleted, derivatives=smaller, live=live)
        return tidied

    async def _make_room(self, lease: Lease, room: int) -> tuple[int, int]:
        """Derivatives first: they are made again for nothing. Then pictures by their last use."""
        smaller = live = 0
        while room > 0:
            lease.ensure_held()
            count, size = await self._derivatives.drop_unused(None, _FEW)
            if not count:
                break
            smaller, room = smaller + count, room - size
        while room > 0:
            lease.ensure_held()
            oldest = await self._shelf.unused(None, _FEW)
            if not oldest:
                break
            for image in oldest:
                if room > 0:
                    await self._erase(image)
                    live, room = live + 1, room - image.file_size
        return smaller, live

    async def _drop_derivatives(self, lease: Lease, before: datetime) -> int:
        dropped, count = 0, _AT_ONCE
        while count:
            lease.ensure_held()
            count, _ = await self._derivatives.drop_unused(before, _AT_ONCE)
            dropped += count
        return dropped

    async def _erase_all(
        self, lease: Lease, listed: Callable[[int], Awaitable[list[Image]]]
    ) -> int:
        erased = 0
        while images := await listed(_AT_ONCE):
            for image in images:
                lease.ensure_held()
                await self._erase(image)
            erased += len(images)
        return erased

    async def _erase(self, image: Image) -> None:
        """Bytes first, so that a store that does not answer leaves a record to try again by."""
        if not await self._library.shares_bytes(image.project_id, image):
            await self._derivatives.erase(image.project_id, (image.slot,))
            await self._cache.forget(Key(image.slot, image.identity))
        await self._library.delete(image.project_id, image.id, hard=True)
