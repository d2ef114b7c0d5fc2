"""Decides whether a key or an address may start one more piece of work that may cost money."""

import math
import time

from cache.errors import CoordinatorUnavailable
from cache.rates import RateLimit, Rates
from core.errors import CoordinatorDown, RateLimitExceeded
from core.spending.limits import Allowance, RateState

# Seconds after which it is worth to ask again whether the counter is back.
_PAUSE = 5
_HOUR = 3600


class KeyAdmission:
    """The Admission port: every key may start ``limit.count`` per ``limit.seconds``."""

    def __init__(self, rates: Rates, limit: RateLimit) -> None:
        self._rates = rates
        self._limit = limit

    async def admit(self, key: str) -> None:
        """As Admission.admit. Raises CoordinatorDown where nobody can count: nothing is spent."""
        await _take(self._rates, _name(key), self._limit)

    async def ensure_left(self, key: str) -> None:
        """As Admission.ensure_left. Raises CoordinatorDown."""
        try:
            found = await self._rates.look(_name(key), self._limit)
        except CoordinatorUnavailable as error:
            raise CoordinatorDown(retry_after=_PAUSE) from error
        if not found.allowed:
            raise RateLimitExceeded(retry_after=found.retry_after)

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

    async def ensure_left(self, key: str) -> None: ...

    async def state(self, key: str) -> RateState:
        del key
        return RateState(0, 0, 0)


class HourlyAddresses:
    """The AddressAdmission port: every address may start what its allowance says."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates

    async def admit(self, allowance: Allowance) -> None:
        """As AddressAdmission.admit; without ``retry_after`` where nothing is allowed at all."""
        if allowance.per_hour < 1:
            raise RateLimitExceeded
        await _take(self._rates, allowance.name, RateLimit(allowance.per_hour, _HOUR))


class AnyAddress:
    """The AddressAdmission port where nobody counts."""

    async def admit(self, allowance: Allowance) -> None: ...


async def _take(rates: Rates, name: str, limit: RateLimit) -> None:
    try:
        taken = await rates.take(name, limit)
    except CoordinatorUnavailable as error:
        raise CoordinatorDown(retry_after=_PAUSE) from error
    if not taken.allowed:
        raise RateLimitExceeded(retry_after=taken.retry_after)


def _name(key: str) -> str:
    return f"key:{key}"
