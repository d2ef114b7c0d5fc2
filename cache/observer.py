"""What the cache tells whoever counts."""

from typing import Protocol


class Observer(Protocol):
    """Told what happens, as it happens. Must be quick and must not raise."""

    def hit(self, tier: str) -> None:
        """One caller was served from ``memory``, the near tier (by its name) or ``store``."""

    def missed(self) -> None:
        """One caller learned that no tier holds the entry."""

    def flight_started(self) -> None:
        """One caller's fetch began a flight."""

    def joined(self) -> None:
        """One caller's fetch joined a flight under way."""

    def lease_waited(self, seconds: float) -> None:
        """A flight waited this long for another process."""

    def took_over(self) -> None:
        """A flight got the lease after another holder left the slot empty."""

    def corrupt(self, tier: str) -> None:
        """A tier held something that fails its checks."""

    def collided(self) -> None:
        """A slot holds the entry of another identity: somebody builds collisions."""

    def tier_failed(self, tier: str) -> None:
        """A tier gave no definite answer, or refused a write."""

    def spooled(self) -> None:
        """The store refused an entry, which now waits in the spool."""

    def filled(self, outcome: str) -> None:
        """A fill ended: stored, duplicate, unstored, failed, refused, lost or crashed."""


class NullObserver:
    """Nobody counts."""

    def hit(self, tier: str) -> None: ...

    def missed(self) -> None: ...

    def flight_started(self) -> None: ...

    def joined(self) -> None: ...

    def lease_waited(self, seconds: float) -> None: ...

    def took_over(self) -> None: ...

    def corrupt(self, tier: str) -> None: ...

    def collided(self) -> None: ...

    def tier_failed(self, tier: str) -> None: ...

    def spooled(self) -> None: ...

    def filled(self, outcome: str) -> None: ...
