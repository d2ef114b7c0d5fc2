"""The words of taking pictures away: what is covered, what was written down, and who does what."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cache.entry import Key
from core.models import Generation, Image, Project


@dataclass(frozen=True, slots=True)
class Images:
    """These image records, also deleted ones. ``named``: by their own ids, not by an alias."""

    ids: tuple[str, ...]
    named: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """Every image of a flow."""

    flow_id: str


@dataclass(frozen=True, slots=True)
class Slots:
    """What stands in the slots that begin with these digits."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Place:
    """One live URL's picture, whether or not there is a record of it."""

    key: Key


@dataclass(frozen=True, slots=True)
class Through:
    """Whatever was made through a scope."""

    scope_id: str


@dataclass(frozen=True, slots=True)
class Everything:
    """The whole project."""


Cover = Images | Flow | Slots | Place | Through | Everything


@dataclass(frozen=True, slots=True)
class Struck:
    """One picture of a purge. ``gone``: its master goes, too; else only copies and derivatives.

    ``known``: it had a record that was not deleted. ``images`` are the ids it is known by.
    """

    key: Key
    gone: bool
    known: bool = True
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Purge:
    """One row of the journal.

    A purge of a scope or of a project begins with a row that says so, and stays open until the
    last of its parts, each a row of its own, is written.
    """

    number: int
    project: Project
    struck: tuple[Struck, ...]
    made_at: datetime
    scope_id: str | None = None
    whole_project: bool = False
    tombstone: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A written part of a purge; ``after`` is where the next one begins, None when it was the last.

    ``tags`` are what CDNs are told of it.
    """

    purge: Purge
    tags: tuple[str, ...]
    after: str | None


class FlightWatch(Protocol):
    """Tells flights whether their picture was purged meanwhile. Raises RecordsUnavailable."""

    async def number(self) -> int:
        """The last purge's number."""

    async def number_before(self, when: datetime) -> int:
        """The number of the last purge that was written down before this moment."""

    async def struck_since(self, generation: Generation, number: int) -> bool:
        """Whether a purge after ``number`` took this generation's master away."""


class Tombstones(Protocol):
    """What must not come back. Raises RecordsUnavailable."""

    async def stands(self, project_id: str, identity: str) -> bool: ...

    async def stands_for(self, project_id: str, image_id: str) -> bool:
        """Whether this image's picture was taken down for good, also when its record is gone."""


class Leftovers(Protocol):
    """Tells what an earlier run left behind from what was taken away since."""

    async def wanted(self, key: Key, image_id: str, since: datetime) -> bool:
        """Whether this image's bytes, which nobody looked after since then, may still be stored.

        Raises RecordsUnavailable.
        """


class Journal(FlightWatch, Tombstones, Protocol):
    """The purges on record: one order for all processes. Every method raises RecordsUnavailable."""

    async def write(
        self,
        project: Project,
        cover: Cover,
        *,
        tombstone: bool,
        tags: tuple[str, ...] = (),
        opening: Purge | None = None,
        after: str = "",
    ) -> Part:
        """The next part of a purge: the records of masters that go are soft-deleted, tombstones
        stand, and CDNs will be told ``tags`` and those of what was struck. ``opening`` is the
        first part's row, ``after`` where this one begins."""

    async def note(self, project_id: str, struck: Sequence[Struck], tags: tuple[str, ...]) -> Purge:
        """A purge of exactly this, which changes no record."""

    async def end(self, purge: Purge, settling: float) -> None:
        """Carried out: CDNs may be told in ``settling`` seconds."""

    async def open(self, project_id: str) -> list[Purge]:
        """What was written down for this project and is not carried out, oldest first."""

    async def abandoned(self, before: datetime) -> list[Purge]:
        """What was written down for any project before this moment, and is not carried out."""

    async def since(self, number: int, watched: Collection[int]) -> list[Purge]:
        """The purges of all projects after ``number``, and the watched ones, in their order."""

    async def made_after(self, when: datetime) -> list[Purge]:
        """The purges of all projects that were written down after this moment, oldest first."""

    async def tidy(self, before: datetime) -> None:
        """Forget what was carried out, and told, before this moment."""


class Derivations(Protocol):
    """What is made from masters."""

    def evict(self, master_slots: Iterable[str] | None) -> None: ...

    async def erase(self, project_id: str, master_slots: Sequence[str]) -> int: ...


class NoDerivations:
    """Nothing is made from masters."""

    def evict(self, master_slots: Iterable[str] | None) -> None: ...

    async def erase(self, project_id: str, master_slots: Sequence[str]) -> int:
        del project_id, master_slots
        return 0


class Takedowns(Protocol):
    """What has to happen when records of pictures are deleted or renamed."""

    async def carry_out(self, project_id: str) -> None:
        """Do now what the records wrote down for this project. Never raises: what cannot be done
        now is done later."""

    def erasing(self, image: Image, *, shared: bool) -> AbstractAsyncContextManager[None]:
        """Deletes the bytes, unless another image stands on them, then leaves the time to delete
        the record, then tells CDNs. Raises StoreDown, RecordsUnavailable."""


class NoPurges:
    """Nobody ever purges anything: for programs and tests without a journal."""

    async def number(self) -> int:
        return 0

    async def number_before(self, when: datetime) -> int:
        del when
        return 0

    async def struck_since(self, generation: Generation, number: int) -> bool:
        del generation, number
        return False

    async def stands(self, project_id: str, identity: str) -> bool:
        del project_id, identity
        return False

    async def stands_for(self, project_id: str, image_id: str) -> bool:
        del project_id, image_id
        return False
