"""Compares the records with the pictures: which are gone, damaged, replaced or unknown."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from cache.entry import Entry, Key
from cache.errors import EntryCorrupt
from cache.slots import slots_of
from cache.tier import ListedStore

Damage = Literal["missing", "corrupt", "foreign"]
_State = Literal["sound", "missing", "corrupt", "foreign"]
# Reads at once, and slots looked up in the records at once.
_AT_ONCE = 8
_BATCH = 500


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What the record of one picture claims: ``digest`` is the sha256 of its bytes in hex."""

    id: str
    project_id: str
    slot: str
    identity: str
    digest: str
    stored: bool
    deleted: bool


class Inventory(Protocol):
    """All pictures on record. Every method raises RecordsUnavailable."""

    async def count(self) -> int:
        """How many there are, with the deleted ones."""

    def pages(self, size: int = ...) -> AsyncIterator[list[PictureFacts]]:
        """All of them, also deleted ones, ``size`` at a time."""

    async def known_slots(self, slots: Sequence[str]) -> frozenset[str]:
        """Which of these a picture on record may stand in."""

    async def mark(self, project_id: str, image_id: str, *, stored: bool) -> bool:
        """Note whether the bytes are in the store."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A picture that is not what its record says.

    ``missing``: nothing of it is in the store. ``corrupt``: what is there fails its checks.
    ``foreign``: another picture is there. ``marked``: the record says now that it is not stored.
    """

    damage: Damage
    picture: PictureFacts
    marked: bool = False


@dataclass(slots=True)
class Report:
    """What was found. Only ``problems`` are wrong; the rest mends itself or harms nobody.

    ``deleted``: not looked at, nobody is shown them. ``waiting``: not in the store, and their
    records say so; a spool may have them. ``arrived``: in the store, but their records do not
    know it yet. ``unrecorded``: slots of the store that no record knows; they go on being served.
    """

    sound: int = 0
    deleted: int = 0
    waiting: int = 0
    arrived: int = 0
    unrecorded: int = 0
    problems: list[Problem] = field(default_factory=list)


class Checker:
    """``fix`` lets it correct what records say of the store; it never touches bytes."""

    def __init__(self, inventory: Inventory, store: ListedStore, *, fix: bool = False) -> None:
        self._inventory = inventory
        self._store = store
        self._fix = fix

    async def check(self, on_checked: Callable[[int], object]) -> Report:
        """Compare everything; ``on_checked`` is told how many records more have been compared.

        Raises TierUnavailable or RecordsUnavailable when one of them stops answering: no answer
        is never taken for an absence.
        """
        report = Report()
        async for page in self._inventory.pages():
            for start in range(0, len(page), _AT_ONCE):
                few = page[start : start + _AT_ONCE]
                await self._compare(few, report)
                on_checked(len(few))
        report.unrecorded = await self._unrecorded()
        return report

    async def _compare(self, few: list[PictureFacts], report: Report) -> None:
        live = [picture for picture in few if not picture.deleted]
        report.deleted += len(few) - len(live)
        states = await asyncio.gather(*(self._state(picture) for picture in live))
        for picture, state in zip(live, states, strict=True):
            await self._note(picture, state, report)

    async def _note(self, picture: PictureFacts, state: _State, report: Report) -> None:
        match state:
            case "sound" if picture.stored:
                report.sound += 1
            case "sound":
                report.arrived += 1
                await self._mark(picture, stored=True)
            case "missing" if not picture.stored:
                report.waiting += 1
            case "missing":
                marked = await self._mark(picture, stored=False)
                report.problems.append(Problem("missing", picture, marked))
            case damage:
                report.problems.append(Problem(damage, picture))

    async def _state(self, picture: PictureFacts) -> _State:
        """As a reader would find it: the second slot counts only where the first is taken."""
        state: _State = "missing"
        for slot in slots_of(Key(picture.slot, picture.identity)):
            try:
                entry = await self._store.get(slot)
            except EntryCorrupt:
                return "corrupt"
            if entry is None:
                return state
            if entry.identity == picture.identity:
                return "sound" if _digest(entry) == picture.digest else "foreign"
            state = "foreign"
        return state

    async def _mark(self, picture: PictureFacts, *, stored: bool) -> bool:
        if not self._fix:
            return False
        return await self._inventory.mark(picture.project_id, picture.id, stored=stored)

    async def _unrecorded(self) -> int:
        unknown, batch = 0, []
        async for slot in self._store.slots():
            batch.append(slot)
            if len(batch) == _BATCH:
                unknown += len(batch) - len(await self._inventory.known_slots(batch))
                batch.clear()
        return unknown + len(batch) - len(await self._inventory.known_slots(batch))


def _digest(entry: Entry) -> str:
    return hashlib.sha256(entry.body).hexdigest()
