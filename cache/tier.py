"""The protocols of the cache: where entries live, who may fill, what failed lately."""

from collections.abc import AsyncIterator
from typing import Protocol

from cache.entry import Entry
from cache.errors import FillFailed


class Tier(Protocol):
    """A forgetful place for entries. Everything in it may vanish at any time."""

    name: str

    async def get(self, slot: str) -> Entry | None:
        """The entry, or None only for a definite absence.

        Raises TierUnavailable without a definite answer, EntryCorrupt when the checks fail.
        """

    async def put(self, slot: str, entry: Entry) -> None:
        """Keep the entry for a while. Raises TierUnavailable."""

    async def delete(self, slot: str) -> None:
        """Forget the slot; absent is fine. Raises TierUnavailable."""


class Store(Protocol):
    """The durable place: whoever writes a slot first decides what it holds."""

    name: str

    async def get(self, slot: str) -> Entry | None:
        """As Tier.get."""

    async def put_first(self, slot: str, entry: Entry) -> Entry:
        """Write unless somebody has; return what now stands in the slot: ours or theirs.

        Raises TierUnavailable, EntryCorrupt (theirs fails its checks).
        """

    async def replace(self, slot: str, entry: Entry) -> None:
        """Write in place of whatever the slot holds; readers see one or the other, whole.

        Raises TierUnavailable; then either may stand.
        """

    async def delete(self, slot: str) -> None:
        """As Tier.delete."""


class ListedStore(Store, Protocol):
    """A store that can also say what it holds: for tools, no request ever asks that."""

    def slots(self) -> AsyncIterator[str]:
        """Every slot something was written to, in no order. Raises TierUnavailable."""


class Lease(Protocol):
    """The exclusive right to fill a slot, for as long as it is renewed."""

    def ensure_held(self) -> None:
        """Raises LeaseLost when it was not renewed for two thirds of its time to live.

        Call it right before anything that costs money is started.
        """

    async def release(self) -> None:
        """Give it up and wake every waiter. Never raises; a lost lease is left alone."""


class Leases(Protocol):
    """Single-flight across the fleet."""

    async def acquire(self, slot: str) -> Lease | None:
        """The lease, or None while somebody else holds it. Raises CoordinatorUnavailable."""

    async def wait(self, slot: str) -> bool:
        """Return when it is worth to look again: a hint, or one jittered poll interval.

        True when the lease is known to be free. Raises CoordinatorUnavailable.
        """


class Failures(Protocol):
    """The negative cache: what failed a moment ago. Never durable."""

    async def recall(self, slot: str) -> FillFailed | None:
        """The failure still remembered, ``remember`` now the seconds left; None if unreachable."""

    async def remember(self, slot: str, failure: FillFailed) -> None:
        """Keep the failure for its time. Never raises."""

    async def forget(self, slot: str) -> None:
        """Drop what is remembered, and the count of failures in a row. Never raises."""


class Fill(Protocol):
    """How an absent entry comes to be, and who answers for the cost."""

    payer: str

    async def __call__(self, lease: Lease) -> Entry:
        """Make the entry. Raises FillFailed (shared) or NotAdmitted (this payer only)."""

    async def landed(self, entry: Entry, *, first: bool, stored: bool) -> bool | None:
        """Called once after the store answered, before anybody is woken. Must not raise.

        True: what it shows was purged while it was being made. Then it is deleted again, kept
        nowhere, and handed only to those who wait for it now.

        ``entry`` is what stands now. ``first=False``: somebody else's stands, ours was a duplicate.
        ``stored=False``: the store refused the write and the entry is kept elsewhere meanwhile.
        """
