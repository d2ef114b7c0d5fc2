"""Tiers, stores, leases, failures and rates behind a breaker."""

from cache.breaker import Breaker
from cache.entry import Entry
from cache.errors import CoordinatorUnavailable, FillFailed, TierUnavailable
from cache.rates import RateLimit, Rates, Taken
from cache.tier import Failures, Lease, Leases, Store, Tier


class GuardedTier:
    """A tier that answers TierUnavailable at once while its breaker is open."""

    def __init__(self, tier: Tier, breaker: Breaker) -> None:
        self.name = tier.name
        self._tier = tier
        self._breaker = breaker

    async def get(self, slot: str) -> Entry | None:
        with self._breaker.watch(TierUnavailable):
            return await self._tier.get(slot)

    async def put(self, slot: str, entry: Entry) -> None:
        with self._breaker.watch(TierUnavailable):
            await self._tier.put(slot, entry)

    async def delete(self, slot: str) -> None:
        with self._breaker.watch(TierUnavailable):
            await self._tier.delete(slot)


class GuardedStore:
    """A store that answers TierUnavailable at once while its breaker is open."""

    def __init__(self, store: Store, breaker: Breaker) -> None:
        self.name = store.name
        self._store = store
        self._breaker = breaker

    async def get(self, slot: str) -> Entry | None:
        with self._breaker.watch(TierUnavailable):
            return await self._store.get(slot)

    async def put_first(self, slot: str, entry: Entry) -> Entry:
        with self._breaker.watch(TierUnavailable):
            return await self._store.put_first(slot, entry)

    async def replace(self, slot: str, entry: Entry) -> None:
        with self._breaker.watch(TierUnavailable):
            await self._store.replace(slot, entry)

    async def delete(self, slot: str) -> None:
        with self._breaker.watch(TierUnavailable):
            await self._store.delete(slot)


class GuardedLeases:
    """Leases that answer CoordinatorUnavailable at once while their breaker is open."""

    def __init__(self, leases: Leases, breaker: Breaker) -> None:
        self._leases = leases
        self._breaker = breaker

    async def acquire(self, slot: str) -> Lease | None:
        with self._breaker.watch(CoordinatorUnavailable):
            return await self._leases.acquire(slot)

    async def wait(self, slot: str) -> bool:
        # Not the half-open probe's place: a wait lasts, and would keep everybody else out.
        return await self._leases.wait(slot)


class GuardedRates:
    """Rates that answer CoordinatorUnavailable at once while their breaker is open."""

    def __init__(self, rates: Rates, breaker: Breaker) -> None:
        self._rates = rates
        self._breaker = breaker

    async def take(self, name: str, limit: RateLimit) -> Taken:
        with self._breaker.watch(CoordinatorUnavailable):
            return await self._rates.take(name, limit)

    async def look(self, name: str, limit: RateLimit) -> Taken:
        with self._breaker.watch(CoordinatorUnavailable):
            return await self._rates.look(name, limit)


class GuardedFailures:
    """Failures of the fleet, or those of this process alone unless the breaker is closed.

    They swallow their own trouble, so they never move the breaker: the tier beside them does.
    """

    def __init__(self, failures: Failures, local: Failures, breaker: Breaker) -> None:
        self._failures = failures
        self._local = local
        self._breaker = breaker

    async def recall(self, slot: str) -> FillFailed | None:
        return await self._reachable.recall(slot)

    async def remember(self, slot: str, failure: FillFailed) -> None:
        await self._reachable.remember(slot, failure)

    async def forget(self, slot: str) -> None:
        await self._reachable.forget(slot)

    @property
    def _reachable(self) -> Failures:
        return self._failures if self._breaker.state == "closed" else self._local
