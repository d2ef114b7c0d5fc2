"""Leases within one process, and the hints by which waiters are woken."""

import asyncio

from cache.errors import CoordinatorUnavailable
from cache.tier import Lease, Leases

# Seconds after which a waiter looks again in any case.
_POLL = 0.25


class LocalLease:
    """Always held: excludes nobody."""

    def ensure_held(self) -> None: ...

    async def release(self) -> None: ...


class _SlotLease:
    """Of one slot in this process. It needs no renewal: it ends with its holder."""

    def __init__(self, held: dict[str, asyncio.Event], slot: str) -> None:
        self._held = held
        self._slot = slot
        self._freed = held[slot] = asyncio.Event()

    def ensure_held(self) -> None: ...

    async def release(self) -> None:
        # Once more than once: by then the slot may be somebody else's.
        if self._held.get(self._slot) is self._freed:
            del self._held[self._slot]
        self._freed.set()


class LocalLeases:
    """For a fleet of one process, whose flights exclude each other already; but whoever puts an
    entry in another's place is no flight."""

    def __init__(self) -> None:
        self._held: dict[str, asyncio.Event] = {}

    async def acquire(self, slot: str) -> Lease | None:
        if slot in self._held:
            return None
        return _SlotLease(self._held, slot)

    async def wait(self, slot: str) -> bool:
        event = self._held.get(slot)
        if event is None:
            return True
        try:
            async with asyncio.timeout(_POLL):
                await event.wait()
        except TimeoutError:
            return False
        return True


class OptionalLeases:
    """Leases for work that costs nothing: without a coordinator each process does its own."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    async def acquire(self, slot: str) -> Lease | None:
        """As Leases.acquire, but never raises."""
        try:
            return await self._leases.acquire(slot)
        except CoordinatorUnavailable:
            return LocalLease()

    async def wait(self, slot: str) -> bool:
        """As Leases.wait, but never raises."""
        try:
            return await self._leases.wait(slot)
        except CoordinatorUnavailable:
            return True


class Hints:
    """Wakes whoever waits for a slot. A hint may be lost, so nobody relies on one."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def give(self, slot: str) -> None:
        """Wake the waiters of this slot."""
        for event in self._waiting.get(slot, ()):
            event.set()

    async def wait(self, slot: str, seconds: float) -> bool:
        """True when a hint came within ``seconds``."""
        event = asyncio.Event()
        waiting = self._waiting.setdefault(slot, set())
        waiting.add(event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            waiting.discard(event)
            if not waiting and self._waiting.get(slot) is waiting:
                del self._waiting[slot]
        return True
