"""How often something may be done: the generic cell rate algorithm, and its windows in one process.

Every ``take`` puts the subject one cell (``seconds / count``) further ahead of the clock, and the
clock catches up. Nobody may be more than ``seconds`` ahead. So ``count`` may be taken at once, then
one per cell: no window has an edge at which twice as much passes. What is kept is when the subject
was last seen and how far ahead it was then, in micro-seconds times ``count``: whole numbers only,
and a clock that jumps back gives nothing away and locks nobody out.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

_MICROS = 1_000_000
# Subjects remembered at a time; the longest unseen goes first.
_BOUND = 100_000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``count`` within ``seconds``, both at least 1."""

    count: int
    seconds: int

    @property
    def cell(self) -> int:
        """What one take costs: micro-seconds times ``count``."""
        return self.seconds * _MICROS


@dataclass(frozen=True, slots=True)
class Taken:
    """How a subject stands. ``remaining`` may still be taken at once.

    ``reset_at`` is when all of it may be taken again, in unix seconds; ``retry_after`` the seconds
    until the next one may be taken, 0 when ``allowed``.
    """

    allowed: bool
    remaining: int
    reset_at: float
    retry_after: float


class Rates(Protocol):
    """Counts takes by name. Two limits of one name are counted apart."""

    async def take(self, name: str, limit: RateLimit) -> Taken:
        """Take one if it is there; a refusal costs nothing. Raises CoordinatorUnavailable."""

    async def look(self, name: str, limit: RateLimit) -> Taken:
        """What a take would find, without taking. Raises CoordinatorUnavailable."""


def standing(limit: RateLimit, *, allowed: bool, ahead: int, now: float) -> Taken:
    """The subject that is ``ahead`` (micro-seconds times ``count``) at ``now`` (unix seconds)."""
    room = limit.cell * limit.count - ahead
    missing = 0 if allowed else limit.cell - room
    return Taken(
        allowed=allowed,
        remaining=max(0, room // limit.cell),
        reset_at=now + ahead / limit.count / _MICROS,
        retry_after=missing / limit.count / _MICROS,
    )


class LocalRates:
    """Counts within one process; nothing is awaited, so takes cannot overlap.

    ``clock`` decides and never jumps, ``wall`` (unix seconds) only tells when.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        bound: int = _BOUND,
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._bound = bound
        self._seen: OrderedDict[tuple[str, RateLimit], tuple[int, int]] = OrderedDict()

    async def take(self, name: str, limit: RateLimit) -> Taken:
        now, ahead = self._ahead(name, limit)
        allowed = ahead + limit.cell <= limit.cell * limit.count
        if allowed:
            ahead += limit.cell
            self._note(name, limit, now, ahead)
        return standing(limit, allowed=allowed, ahead=ahead, now=self._wall())

    async def look(self, name: str, limit: RateLimit) -> Taken:
        _, ahead = self._ahead(name, limit)
        allowed = ahead + limit.cell <= limit.cell * limit.count
        return standing(limit, allowed=allowed, ahead=ahead, now=self._wall())

    def _ahead(self, name: str, limit: RateLimit) -> tuple[int, int]:
        now = int(self._clock() * _MICROS)
        seen, ahead = self._seen.get((name, limit), (now, 0))
        return now, max(0, ahead - (now - seen) * limit.count)

    def _note(self, name: str, limit: RateLimit, now: int, ahead: int) -> None:
        self._seen[name, limit] = now, ahead
        self._seen.move_to_end((name, limit))
        if len(self._seen) > self._bound:
            self._seen.popitem(last=False)
