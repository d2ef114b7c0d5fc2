"""Finds derivatives, or has them made: what the HTTP side asks for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from cache.entry import Key
from cache.errors import CacheError, CoordinatorUnavailable, EntryCorrupt
from cache.memory_tier import MemoryTier
from cache.readthrough import Found, ReadThrough
from core.derivatives.choices import choices_of
from core.derivatives.deleting import Deleting
from core.derivatives.facts import Facts, KnownMasters
from core.derivatives.keys import MASTER, derivative_key, picture_of
from core.derivatives.later import Later
from core.derivatives.making import Job, Making, Studio
from core.errors import Busy
from core.failures import public
from core.imaging import ENCODERS
from core.models import Picture, Project
from core.storage.uses import Uses
from core.variants import Point, Variant, Wish, planned

CENTRE = (0.5, 0.5)
# Seconds a caller waits for a worker thread; behind a full queue it is never that long.
_PATIENCE = 45.0


@dataclass(frozen=True, slots=True)
class Derived:
    """A picture in the size and format that was asked for; its ``slot`` is the master's.

    ``vary``: it was chosen by what the caller accepts, so the answer says ``Vary: Accept``.
    ``made``: it was encoded just now. ``key``: where this process's memory may hold it (see
    Derivatives.remembers); None for the master itself. ``final`` is False while a better format
    is not there yet: such an answer is not to be kept for long.
    """

    picture: Picture
    vary: bool
    made: bool = False
    key: Key | None = None
    final: bool = True


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is asked of a master.

    ``usual`` is what is made now; ``best`` what is served as soon as it is there, but nobody waits
    for. ``focal`` is None where only the master's record would know. ``since`` is as Job's.
    """

    project_id: str
    facts: Facts
    usual: Wish
    best: Wish | None
    vary: bool
    exact: bool
    focal: Point | None
    since: int | None = None

    def planned(self, wish: Wish) -> Variant | None:
        return planned(wish, self.facts.master, exact=self.exact, focal=self.focal or CENTRE)

    def key(self, variant: Variant) -> Key:
        return derivative_key(self.facts, variant, ENCODERS)

    def derived(self, key: Key, found: Found) -> Derived:
        made = found.how != "hit"
        return Derived(picture_of(self.facts, found.entry), self.vary, made, key)


class Derivatives:
    """Derivatives stand in tiers of their own; ``memory`` is the one ``cache`` reads through.

    ``uses`` notes which ones are looked at.
    """

    def __init__(
        self,
        *,
        cache: ReadThrough,
        memory: MemoryTier,
        known: KnownMasters,
        studio: Studio,
        later: Later,
        uses: Uses,
    ) -> None:
        self._cache = cache
        self._memory = memory
        self._known = known
        self._studio = studio
        self._later = later
        self._uses = uses
        self._deleting = Deleting(cache, studio.book)

    async def recall(
        self,
        project: Project,
        key: Key,
        wish: Wish,
        *,
        exact: bool,
        accept: frozenset[str],
        focal: Point | None = None,
    ) -> Derived | None:
        """From what is already made: memory, the near tier, the store.

        None when it is not made yet, when the master itself is meant, or when nothing is known
        here of the master's facts: go on with the master and ``of``. ``accept`` holds media types
        (``image/webp``). Without a focal point the one ``of`` was told last counts. Never encodes.
        Raises StoreDown.
        """
        facts = self._known.recall(key)
        if facts is None:
            return None
        ask = _asked(project, facts, wish, exact=exact, accept=accept, focal=focal or facts.focal)
        final = True
        if ask.best is not None:
            better = ask.planned(ask.best)
            if better is None:
                return None
            # What is on its way here will stand in memory: the tiers below are not asked each time.
            asleep = self._later.state(ask.key(better)) == "unknown"
            ready = await self._recalled(ask, better, deep=asleep)
            if ready is not None:
                return ready
            if asleep:
                # Somebody has to come with the master, so that it is made.
                return None
            final = False
        variant = ask.planned(ask.usual)
        found = None if variant is None else await self._recalled(ask, variant)
        return None if found is None else replace(found, final=final)

    async def of(
        self,
        project: Project,
        key: Key,
        master: Picture,
        wish: Wish,
        *,
        exact: bool,
        accept: frozenset[str],
        focal: Point = CENTRE,
    ) -> Derived:
        """Made now if need be. Raises Busy (too many wait), StoreDown."""
        facts = self._known.learn(key, master)
        ask = _asked(project, facts, wish, exact=exact, accept=accept, focal=focal)
        better = None if ask.best is None else ask.planned(ask.best)
        if better is not None:
            ready = await self._recalled(ask, better)
            if ready is not None:
                return ready
        ask = replace(ask, since=await self._studio.watch.earlier())
        variant = ask.planned(ask.usual if better or ask.best is None else ask.best)
        if variant is None:
            derived = Derived(master, ask.vary)
        else:
            derived = await self._made(ask, master, variant)
        if better is None:
            return derived
        # Not final either when there is no room now: a CDN would keep the poorer one for a year.
        self._later.start(ask.key(better), partial(self._fetch, ask, master, better))
        return replace(derived, final=False)

    def remembers(self, key: Key, body: bytes) -> bool:
        """Whether these very bytes of a derivative stand in this process's memory."""
        return self._cache.remembers(key, body)

    def repeats(self, key: Key, body: bytes) -> bool:
        """The same, and when they do, one more is counted as served from memory."""
        return self._cache.repeats(key, body)

    def evict(self, master_slots: Iterable[str] | None) -> None:
        """Drop what this process's memory holds of these masters; None: of all."""
        if master_slots is None:
            self._known.clear()
            self._memory.clear()
            self._studio.masters.drop(None)
            return
        slots = frozenset(master_slots)
        for digest in self._known.evict(slots):
            self._studio.masters.drop(digest)
        self._memory.drop(lambda entry: entry.meta.get(MASTER) in slots)

    async def erase(self, project_id: str, master_slots: Sequence[str]) -> int:
        """Delete every derivative of these masters from the records and every tier: how many.

        Raises StoreDown, RecordsUnavailable.
        """
        self.evict(master_slots)
        return await self._deleting.of_masters(project_id, master_slots)

    async def drop_unused(self, before: datetime | None, limit: int) -> tuple[int, int]:
        """Delete at most ``limit``, the longest unused first: how many, and their bytes.

        Only those last used before ``before``, if it is given. Raises StoreDown,
        RecordsUnavailable.
        """
        return await self._deleting.unused(before, limit)

    async def _recalled(self, ask: _Ask, variant: Variant, *, deep: bool = True) -> Derived | None:
        """``deep``: not from this process's memory alone."""
        if variant.layout.crop is not None and ask.focal is None:
            return None
        key = ask.key(variant)
        try:
            found = await self._cache.lookup(key) if deep else self._at_hand(key)
        except EntryCorrupt:
            # It can be made again, which is more than can be said of masters.
            await self._forget(key)
            return None
        except CacheError as error:
            raise public(error) from error
        if found is None:
            return None
        self._uses.note(ask.project_id, key.slot)
        return ask.derived(key, found)

    def _at_hand(self, key: Key) -> Found | None:
        entry = self._cache.recall(key)
        return None if entry is None else Found(entry, "memory", "hit")

    async def _made(self, ask: _Ask, master: Picture, variant: Variant) -> Derived:
        if variant.layout.crop is not None and ask.focal is not None and ask.usual.focal is None:
            self._known.focus(ask.facts, ask.focal)
        found = await self._fetch(ask, master, variant)
        key = ask.key(variant)
        self._uses.note(ask.project_id, key.slot)
        return ask.derived(key, found)

    async def _fetch(self, ask: _Ask, master: Picture, variant: Variant) -> Found:
        """Raises Busy, StoreDown."""
        key = ask.key(variant)
        job = Job(ask.project_id, key, ask.facts, master.body, variant, ask.since)
        try:
            try:
                found = await self._cache.fetch(key, Making(job, self._studio), wait=_PATIENCE)
            except EntryCorrupt:
                await self._forget(key)
                found = await self._cache.fetch(key, Making(job, self._studio), wait=_PATIENCE)
        except CoordinatorUnavailable as error:
            raise Busy(retry_after=1) from error
        except CacheError as error:
            raise public(error) from error
        if found is None:
            raise Busy(retry_after=1)
        return found

    async def _forget(self, key: Key) -> None:
        try:
            await self._cache.forget(key)
        except CacheError as error:
            raise public(error) from error


def _asked(
    project: Project,
    facts: Facts,
    wish: Wish,
    *,
    exact: bool,
    accept: frozenset[str],
    focal: Point | None,
) -> _Ask:
    best, usual, vary = None, wish, wish.format == "auto"
    if vary:
        best, usual = choices_of(wish, facts, accept)
    return _Ask(project.id, facts, usual, best, vary, exact, wish.focal or focal)
