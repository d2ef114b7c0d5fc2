"""Work that costs nothing goes on without a coordinator; with one it is shared as ever."""

from cache.errors import CoordinatorUnavailable
from cache.leases import LocalLeases, OptionalLeases


class Away:
    async def acquire(self, slot: str) -> None:
        raise CoordinatorUnavailable("away")

    async def wait(self, slot: str) -> bool:
        raise CoordinatorUnavailable("away")


class Held:
    async def acquire(self, slot: str) -> None:
        return None

    async def wait(self, slot: str) -> bool:
        return False


async def test_without_a_coordinator_everybody_has_the_lease() -> None:
    leases = OptionalLeases(Away())
    lease = await leases.acquire("a")
    assert lease is not None
    lease.ensure_held()
    await lease.release()
    assert await leases.wait("a")


async def test_a_lease_somebody_holds_is_not_given_away() -> None:
    assert await OptionalLeases(Held()).acquire("a") is None
    assert not await OptionalLeases(Held()).wait("a")
    assert await OptionalLeases(LocalLeases()).acquire("a") is not None
