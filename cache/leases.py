"""Leases within one process, and the hints by which waiters are woken."""

import asyncio

from cache.tier import Lease


class LocalLease:
    """Always held: flights of one process exclude each other already."""

    def ensure_held(self) -> None: ...

    async def release(self) -> None: ...


class LocalLeases:
    """For a fleet of one process."""

    async def acquire(self, slot: str) -> Lease | None:  # noqa: ARG002 - the protocol's
        return LocalLease()

    async def wait(self, slot: str) -> bool:  # noqa: ARG002 - the protocol's
        await asyncio.sleep(0.25)
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
