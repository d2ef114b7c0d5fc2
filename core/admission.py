"""Decides whether a key may start one more piece of work that may cost money."""

import math
import time

from cache.errors import CoordinatorUnavailable
from cache.rates import RateLimit, Rates
from core.errors import CoordinatorDown, RateLimitExceeded
from core.limits import RateState

# Seconds after which it is worth to ask again whether the counter is back.
_PAUSE = 5


class KeyAdmission:
    """The Admission port: every key may start ``limit.count`` per ``limit.seconds``."""

    def __init__(self, rates: Rates, limit: RateLimit) -> None:
        self._rates = rates
        self._limit = limit

    async def admit(self, key: str) -> None:
        """As Admission.admit. Raises CoordinatorDown where nobody can count: nothing is spent."""
        try:
            taken = await self._rates.take(_name(key), self._limit)
        except CoordinatorUnavailable as error:
            raise CoordinatorDown(retry_after=_PAUSE) from error
        if not taken.allowed:
            raise RateLimitExceeded(retry_after=taken.retry_after)

    async def state(self, key: str) -> RateState:
        """As Admission.state; never raises. What nobody can count is as good as used up."""
        try:
            taken = await self._rates.look(_name(key), self._limit)
        except CoordinatorUnavailable:
            return RateState(self._limit.count, 0, math.ceil(time.time()) + _PAUSE)
        return RateState(self._limit.count, taken.remaining, math.ceil(taken.reset_at))


class Unlimited:
    """The Admission port where no limit is set."""

    async def admit(self, key: str) -> None: ...

    async def state(self, key: str) -> RateState:
        del key
        return RateState(0, 0, 0)


def _name(key: str) -> str:
    return f"key:{key}"
