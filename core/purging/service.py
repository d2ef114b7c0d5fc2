"""Takes pictures away: from every tier and process, from CDNs, and with a tombstone for good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from cache.broadcast import Broadcast
from cache.entry import Entry, Key
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from cache.search import Condition
from core.errors import EdgeError
from core.failures import public
from core.models import Image, Project
from core.pictures import made_at
from core.ports import Announcements
from core.purging.covers import Covers
from core.purging.ports import (
    Cover,
    Derivations,
    Everything,
    Journal,
    Part,
    Purge,
    Struck,
    Takedowns,
    Through,
)
from core.purging.selections import (
    ByAlias,
    ByFlow,
    ByImage,
    ByProject,
    ByPrompt,
    ByScope,
    ByTag,
    Selection,
)
from core.purging.tags import image_tag, key_tag

__all__ = [
    "ByAlias",
    "ByFlow",
    "ByImage",
    "ByProject",
    "ByPrompt",
    "ByScope",
    "ByTag",
    "Purged",
    "Purging",
    "Selection",
]

# Masters that are deleted at once.
_AT_ONCE = 16
# What is left over by somebody else's purge is small; the parts of a big one are being worked on.
_SMALL = 10
# Clocks differ; what was made this much later than a purge was written down is another picture.
_SLACK = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Purged:
    """What went: pictures, and sizes and formats of them. ``tags`` are what CDNs are told;
    ``number`` is the purge's in the journal, and its deliveries'."""

    masters: int
    derivatives: int
    tags: tuple[str, ...]
    number: int


class Purging(Takedowns):
    """Every purge goes through here: first the journal, then the tiers, then whoever listens.

    What is in the journal happens, also when this process ends before it has: another one goes on.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        covers: Covers,
        cache: ReadThrough,
        derivatives: Derivations,
        broadcast: Broadcast,
        announcements: Announcements,
    ) -> None:
        self._journal = journal
        self._covers = covers
        self._cache = cache
        self._derivatives = derivatives
        self._broadcast = broadcast
        self._announcements = announcements
        self._log = structlog.get_logger("purging")

    async def purge(self, project: Project, selection: Selection, *, tombstone: bool) -> Purged:
        """Take these pictures away, with ``tombstone`` for good.

        Raises NotFound (IMAGE_, ALIAS_, FLOW_, SCOPE_NOT_FOUND); Invalid for a tag that is none
        of ours, for no alias or for an unknown model; StoreDown when the store did not answer:
        the purge is written down and will be carried out. RecordsUnavailable: nothing happened.
        """
        cover, tags = await self._covers.of(project, selection, tombstone=tombstone)
        part = await self._journal.write(project, cover, tombstone=tombstone, tags=tags)
        return await self._carry_through(cover, part)

    async def replaced(self, project: Project, key: Key) -> Purged:
        """The picture behind this live key was just replaced by another: copies and derivatives
        of the old one go, CDNs are told, the master stays. Raises StoreDown, RecordsUnavailable."""
        tags = (key_tag(key.slot),)
        purge = await self._journal.note(project.id, [Struck(key, gone=False)], tags)
        return await self._carry_through(None, Part(purge, tags, None))

    async def carry_out(self, project_id: str) -> None:
        """Do now what the records wrote down for this project. Never raises."""
        try:
            for purge in await self._journal.open(project_id):
                if not _is_opening(purge) and len(purge.struck) <= _SMALL:
                    await self.resume(purge)
        except EdgeError as error:
            self._log.warning("purge_put_off", error=type(error).__name__)

    @asynccontextmanager
    async def erasing(self, image: Image, *, shared: bool) -> AsyncIterator[None]:
        """Delete the bytes, unless another image stands on them; then the caller deletes the
        record; then CDNs are told. Raises StoreDown, RecordsUnavailable."""
        struck = Struck(Key(image.slot, image.identity), gone=not shared)
        tags = (key_tag(image.slot), image_tag(image.id))
        purge = await self._journal.note(image.project_id, [struck], tags)
        await self._drop(purge)
        yield
        await self._end(purge)
        await self._tell(purge, tags)

    async def resume(self, purge: Purge) -> None:
        """Finish what somebody wrote down. Raises StoreDown, RecordsUnavailable."""
        if _is_opening(purge):
            cover = Everything() if purge.scope_id is None else Through(purge.scope_id)
            part = await self._journal.write(
                purge.project, cover, tombstone=purge.tombstone, opening=purge
            )
            await self._drop(purge, late=True)
            await self._carry_through(cover, part, opening=purge)
        else:
            await self._drop(purge, late=True)
            await self._end(purge)
        # What CDNs are told of it stands beside it in the journal.
        await self._tell(purge, ())

    async def _carry_through(
        self, cover: Cover | None, part: Part, *, opening: Purge | None = None
    ) -> Purged:
        """This part of a purge and all that follow it; the opening one ends last."""
        opening, masters, derivatives = opening or part.purge, 0, 0
        tags = dict.fromkeys(part.tags)
        while True:
            went = await self._drop(part.purge)
            masters, derivatives = masters + went[0], derivatives + went[1]
            if part.purge.number != opening.number:
                await self._end(part.purge)
            if cover is None or part.after is None:
                break
            part = await self._journal.write(
                opening.project,
                cover,
                tombstone=opening.tombstone,
                opening=opening,
                after=part.after,
            )
            tags |= dict.fromkeys(part.tags)
        await self._end(opening)
        told = tuple(tags)
        await self._tell(opening, told)
        self._log.info("purged", number=opening.number, masters=masters, derivatives=derivatives)
        return Purged(masters, derivatives, told, opening.number)

    async def _drop(self, purge: Purge, *, late: bool = False) -> tuple[int, int]:
        """From every tier this process reaches: how many masters and derivatives.

        ``late``: another picture may stand there by now. Raises StoreDown, RecordsUnavailable.
        """
        condition = _made_before(purge) if late else _any
        slots = tuple(each.key.slot for each in purge.struck)
        masters = 0
        try:
            for start in range(0, len(purge.struck), _AT_ONCE):
                part = purge.struck[start : start + _AT_ONCE]
                dropped = await asyncio.gather(*(self._drop_one(each, condition) for each in part))
                masters += sum(dropped)
            derivatives = await self._derivatives.erase(purge.project.id, slots) if slots else 0
        except CacheError as error:
            raise public(error) from error
        finally:
            # In any case, and last: what was read before the store forgot it must not stay.
            await self._cache.evict([each.key for each in purge.struck])
            self._derivatives.evict(slots)
        return masters, derivatives

    async def _drop_one(self, struck: Struck, condition: Condition) -> bool:
        """Whether there was such a picture."""
        stood = struck.gone and await self._cache.forget(struck.key, condition)
        return stood or struck.known

    async def _end(self, purge: Purge) -> None:
        await self._journal.end(purge, self._broadcast.settling)
        await self._broadcast.send()

    async def _tell(self, purge: Purge, tags: tuple[str, ...]) -> None:
        await self._announcements.announce(purge.project, purge.number, tags)


def _is_opening(purge: Purge) -> bool:
    return purge.whole_project or purge.scope_id is not None


def _any(_entry: Entry) -> bool:
    return True


def _made_before(purge: Purge) -> Condition:
    end = (purge.made_at + _SLACK).timestamp()
    return lambda entry: made_at(entry) <= end
