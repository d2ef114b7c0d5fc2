"""What can go wrong in the cache.

CacheError
├── TierUnavailable        no definite answer: refused, timed out, 403, 5xx
├── EntryCorrupt           an answer that fails its checks: truncated, flipped, foreign
├── CoordinatorUnavailable the leases cannot be reached, so nobody may fill
├── LeaseLost              the holder may not start anything new
├── FlightsFull            too many flights or too many waiters on one
├── Draining               the process is stopping and starts no new flights
├── FlightBroken           the flight was cancelled and has no answer to give
├── NotAdmitted            the payer of this flight may not start it; others may
└── FillFailed             the fill failed; shared by all waiters, remembered for a while
"""

from collections.abc import Mapping


class CacheError(Exception):
    """Base of everything the cache raises on purpose."""


class TierUnavailable(CacheError):
    """The tier gave no definite answer. Never to be read as a miss."""


class EntryCorrupt(CacheError):
    """The tier answered, but what it holds fails its checks. Never served, never a miss."""


class CoordinatorUnavailable(CacheError):
    """Leases cannot be reached: stored entries still answer, nothing is filled."""


class LeaseLost(CacheError):
    """The lease was not renewed for two thirds of its time to live."""


class FlightsFull(CacheError):
    """The bound on flights, or on waiters of one flight, is reached."""


class Draining(CacheError):
    """The process is stopping; whatever is asked again elsewhere will be answered there."""


class FlightBroken(CacheError):
    """The flight was cancelled under its waiters: no answer, and nothing said about the entry."""


class NotAdmitted(CacheError):
    """The payer of the fill, or a group it belongs to, may not start it. Concerns them alone.

    ``payer`` is a path: "a" also names everybody of "a/…". ``cause`` is the domain's own error,
    raised to the callers it concerns.
    """

    def __init__(self, payer: str, cause: Exception) -> None:
        super().__init__(payer)
        self.payer = payer
        self.cause = cause

    def concerns(self, payer: str) -> bool:
        """Whether this payer is refused as well."""
        return payer == self.payer or payer.startswith(f"{self.payer}/")


class FillFailed(CacheError):
    """A fill that failed, in a form that can be shared by waiters and by machines.

    ``payload`` is opaque to the cache: short strings. ``remember`` is for how many seconds
    later arrivals get the same answer without a new fill (0: not remembered); with ``doubling``
    each further failure in a row doubles it, up to 60 s.
    """

    def __init__(
        self, payload: Mapping[str, str], *, remember: float, doubling: bool = False
    ) -> None:
        super().__init__(dict(payload))
        self.payload = dict(payload)
        self.remember = remember
        self.doubling = doubling
