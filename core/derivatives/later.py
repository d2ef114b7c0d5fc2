"""Starts what nobody waits for, in the background, as far as there is room."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Literal

import structlog

from cache.background import end
from cache.entry import Key
from cache.errors import CacheError
from core.errors import EdgeError

State = Literal["unknown", "coming", "resting"]

# At once, waiting behind that, and seconds until what came to nothing is tried again.
_AT_ONCE = 1
_WAITING = 32
_RESTING = 10.0
_REMEMBERED = 10_000


class Later:
    """Work that may as well not be done: what finds no room is dropped."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._resting: OrderedDict[Key, float] = OrderedDict()
        self._log = structlog.get_logger("derivatives")

    def state(self, key: Key) -> State:
        """``coming``: under way; ``resting``: it came to nothing a moment ago."""
        if key in self._tasks:
            return "coming"
        return "resting" if self._clock() < self._resting.get(key, float("-inf")) else "unknown"

    def start(self, key: Key, work: Callable[[], Awaitable[object]]) -> State:
        """Do it, unless it is under way, resting, or too much waits already."""
        state = self.state(key)
        if state != "unknown":
            return state
        if len(self._tasks) >= _AT_ONCE + _WAITING:
            return "unknown"
        task = self._tasks[key] = asyncio.get_running_loop().create_task(self._do(key, work))
        task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return "coming"

    async def settle(self) -> None:
        """Wait until everything that was started has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def close(self) -> None:
        """End what is under way."""
        for task in list(self._tasks.values()):
            await end(task)

    async def _do(self, key: Key, work: Callable[[], Awaitable[object]]) -> None:
        try:
            async with self._free:
                await work()
        except (EdgeError, CacheError) as error:
            self._rest(key)
            self._log.info("derivative_put_off", reason=type(error).__name__)

    def _rest(self, key: Key) -> None:
        self._resting[key] = self._clock() + _RESTING
        self._resting.move_to_end(key)
        if len(self._resting) > _REMEMBERED:
            self._resting.popitem(last=False)
