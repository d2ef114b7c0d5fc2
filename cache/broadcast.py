"""The word that there is something new to read, for those who would otherwise look later."""

import asyncio
from typing import Protocol


class Broadcast(Protocol):
    """Wakes listeners in every process. A word may be lost, so nobody relies on one.

    ``settling`` is after how many seconds every process that runs has looked, heard or not.
    """

    settling: float

    async def send(self) -> None:
        """Wake every listener. Never raises."""

    async def wait(self, seconds: float) -> None:
        """Return at the next word, or after ``seconds``. Never raises."""


class LocalBroadcast:
    """Within one process, where whoever has news acts on it before it says so.

    ``settling`` is for those beside it, who hear nothing and look by themselves.
    """

    def __init__(self, settling: float = 0.0) -> None:
        self.settling = settling
        self._word = asyncio.Event()

    def give(self, _message: str = "") -> None:
        """Wake whoever waits, or whoever waits next."""
        self._word.set()

    async def send(self) -> None:
        self.give()

    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._word.wait()
        except TimeoutError:
            return
        finally:
            self._word.clear()
