"""What storage holds, how much of it is wanted, and what is needed to tidy it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.models import Image


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored, in bytes."""

    masters: int
    derivatives: int

    @property
    def total(self) -> int:
        return self.masters + self.derivatives


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept, in bytes, and for how long after its last use; None: without an end.

    ``deleted`` counts from the deletion. ``live`` concerns pictures that nothing but their live
    URL leads to: no alias, no flow, no generation that goes by them.
    """

    max_bytes: int | None = None
    deleted: timedelta | None = None
    derivatives: timedelta | None = None
    live: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many of each went in one round, and what is kept after it."""

    deleted: int
    derivatives: int
    live: int
    kept: Kept


class Shelf(Protocol):
    """Storage by its records, of all projects. Every method raises RecordsUnavailable."""

    async def kept(self) -> Kept: ...

    async def deleted(self, before: datetime, limit: int) -> list[Image]:
        """Images that were deleted softly before ``before``, the oldest first."""

    async def unused(self, before: datetime | None, limit: int) -> list[Image]:
        """Unreferenced live pictures by their last use, the oldest first; those last used before
        ``before``, if it is given."""

    async def arrived(self, slot: str, identity: str) -> None:
        """The store has these bytes now, which it had refused before."""

    async def note_used(self, project_id: str, image_ids: Collection[str], when: datetime) -> None:
        """These were served at ``when``; noted to within a day."""


class Shavings(Protocol):
    """Derivatives, as far as storage is concerned."""

    async def erase(self, project_id: str, master_slots: Sequence[str]) -> int:
        """Delete every derivative of these masters: how many. Raises StoreDown."""

    async def drop_unused(self, before: datetime | None, limit: int) -> tuple[int, int]:
        """Delete at most ``limit``, the longest unused first: how many, and their bytes.

        Only those last used before ``before``, if it is given. Raises StoreDown.
        """
