"""The words of derivatives on record: a row for each one that is stored, and who keeps the rows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """A derivative that may stand in the store. ``slot`` and ``identity`` lead to its bytes."""

    slot: str
    identity: str
    project_id: str
    master_slot: str
    master_identity: str
    file_size: int
    created_at: datetime
    used_at: datetime


class DerivativeBook(Protocol):
    """The rows, written before the bytes are. Every method raises RecordsUnavailable."""

    async def note(self, row: Stored, *, at_most: int) -> bool:
        """Write the row, or write it anew; False when its master has ``at_most`` others.

        Processes that note the last ones at the same moment may exceed the bound by a few.
        """

    async def of_masters(self, project_id: str, master_slots: Sequence[str]) -> list[Stored]: ...

    async def least_used(self, before: datetime | None, limit: int) -> list[Stored]:
        """Of all projects, the longest unused first; those last used before ``before``, if any."""

    async def remove(self, rows: Collection[Stored]) -> int:
        """Those that were not written anew since they were read: how many."""

    async def note_used(self, project_id: str, slots: Collection[str], when: datetime) -> None:
        """These were served at ``when``."""

    async def bytes_of(self, project_id: str) -> int:
        """What the derivatives of a project take in the store."""


class DerivativeMeter(Protocol):
    """Counts what is made; never raises."""

    def made(self, encoding: str, seconds: float) -> None:
        """``seconds`` of a worker thread: decoding, resizing, encoding."""
