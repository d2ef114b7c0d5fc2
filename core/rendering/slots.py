"""Two numbers bound the expensive thing: generations that run, and those that wait."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.errors import Busy, GeneratorBusy


class Slots:
    """``running`` at once, ``waiting`` behind them; whoever comes later is told so at once."""

    def __init__(self, *, running: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(running)
        self._bound = waiting
        self._waiting = 0
        self._quiet_until = 0.0

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Hold one slot. Raises Busy when the queue is full."""
        if self._free.locked() and self._waiting >= self._bound:
            raise Busy(retry_after=2)
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()

    def pause(self, seconds: float) -> None:
        """The provider asked for quiet: nothing new is started for ``seconds``."""
        self._quiet_until = max(self._quiet_until, time.monotonic() + seconds)

    def ensure_open(self) -> None:
        """Raises GeneratorBusy during a pause."""
        left = self._quiet_until - time.monotonic()
        if left > 0:
            raise GeneratorBusy(retry_after=left)
