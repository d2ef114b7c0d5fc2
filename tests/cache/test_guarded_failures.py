"""While Redis is left alone failures are recalled from this process, and nobody waits."""

import pytest

from cache.breaker import Breaker
from cache.errors import FillFailed, TierUnavailable
from cache.failures import LocalFailures
from cache.guarded import GuardedFailures

SLOT = "5" * 32
FAILURE = FillFailed({"code": "X"}, remember=30)


class Hanging(LocalFailures):
    """Would be waited for, if anybody asked."""

    async def recall(self, slot: str) -> FillFailed | None:
        raise AssertionError("asked while the breaker is open")

    async def remember(self, slot: str, failure: FillFailed) -> None:
        raise AssertionError("told while the breaker is open")

    async def forget(self, slot: str) -> None:
        raise AssertionError("told while the breaker is open")


def opened() -> Breaker:
    breaker = Breaker("redis", threshold=1, rest=60)
    with pytest.raises(TierUnavailable), breaker.watch(TierUnavailable):
        raise TierUnavailable
    return breaker


async def test_an_open_breaker_leaves_the_failures_to_this_process() -> None:
    local = LocalFailures()
    failures = GuardedFailures(Hanging(), local, opened())
    await failures.remember(SLOT, FAILURE)
    recalled = await failures.recall(SLOT)
    assert recalled is not None
    assert recalled.payload == FAILURE.payload
    await failures.forget(SLOT)
    assert await local.recall(SLOT) is None


async def test_a_closed_breaker_asks_the_fleet() -> None:
    fleet = LocalFailures()
    failures = GuardedFailures(fleet, Hanging(), Breaker("redis"))
    await failures.remember(SLOT, FAILURE)
    assert await fleet.recall(SLOT) is not None
    assert await failures.recall(SLOT) is not None
