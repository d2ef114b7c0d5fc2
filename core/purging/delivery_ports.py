"""The words of telling CDNs about purges: a delivery, how a call ended, and who does what."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from core.models import Project

DeliveryState = Literal["pending", "delivered", "failed"]
Outcome = Literal["delivered", "retried", "failed"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to the CDN. ``told`` is how many of the ``tags`` it has taken so far, ``turn`` 1,
    or 2 when it is told once more; ``attempts`` are those that ended, ``status`` is the last HTTP
    status, None when there was no answer."""

    id: str
    project_id: str
    purge_number: int
    tags: tuple[str, ...]
    state: DeliveryState
    attempts: int
    status: int | None
    created_at: datetime
    ended_at: datetime | None
    told: int = 0
    turn: int = 1


@dataclass(frozen=True, slots=True)
class Told:
    """How one call ended. ``retry_after`` is in seconds, when the other side named it."""

    taken: bool
    status: int | None
    retry_after: float | None = None


class CdnHook(Protocol):
    """The other side. ``batch`` is how many tags it takes at once."""

    batch: int

    async def tell(self, delivery_id: str, tags: tuple[str, ...]) -> Told:
        """One call. Never raises for what the other side does."""


class DeliveryBook(Protocol):
    """The deliveries on record, of all projects. Every method raises RecordsUnavailable."""

    async def claim(self, most: int, lease: timedelta) -> list[Delivery]:
        """Due ones, the longest due first; nobody else gets them before the lease ends."""

    async def advance(self, delivery: Delivery, told: int, lease: timedelta) -> None:
        """The CDN took so many of the tags, and the lease begins anew."""

    async def deliver(
        self, delivery: Delivery, status: int | None, again: timedelta | None
    ) -> None:
        """The attempt went well, and the delivery ends. ``again``: after this time the CDN is
        told once more, by a delivery of its own."""

    async def postpone(
        self, delivery: Delivery, status: int | None, pause: timedelta, patience: timedelta
    ) -> DeliveryState:
        """The attempt failed: due again after the pause, or failed for good when the delivery
        would then be older than ``patience``. What it is now."""

    async def release(self, delivery: Delivery) -> None:
        """Nothing was learned: due again now."""

    async def of_purge(self, project_id: str, number: int) -> list[Delivery]:
        """Those of the first turn, the oldest first."""

    async def forget(self, age: timedelta) -> None:
        """Drop what ended longer ago than this."""


class DeliveryMeter(Protocol):
    """Counts attempts by how they ended; never raises."""

    def told(self, outcome: Outcome) -> None: ...


class Receipts(Protocol):
    """What became of the messages about a purge."""

    async def receipts(self, project: Project, number: int, *, wait: float) -> list[Delivery]:
        """After at most ``wait`` seconds for the first attempts, once they are due.

        Raises RecordsUnavailable.
        """
