"""Worker threads for pixels: few, of low priority, and with an end to their queue."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from core.errors import Busy

Result = TypeVar("Result")

# More threads than this gain nothing that another process would not gain.
_MOST = 4
# On the scale of nice(1): whoever serves stored pictures goes first.
_NICE = 10


class Workers:
    """``threads`` pieces of work at once, ``waiting`` behind them; later ones are told so."""

    def __init__(self, executor: Executor, *, threads: int, waiting: int) -> None:
        self._executor = executor
        self._threads = threads
        self._bound = threads + waiting
        self._lock = threading.Lock()
        self._taken = 0

    @property
    def idle(self) -> bool:
        """Whether a thread is free right now."""
        return self._taken < self._threads

    async def run(self, work: Callable[[], Result]) -> Result:
        """What ``work`` returns, from a worker thread. Raises Busy, and what it raises."""
        with self._lock:
            if self._taken >= self._bound:
                raise Busy(retry_after=1)
            self._taken += 1
        try:
            future = self._executor.submit(work)
        except RuntimeError as error:
            self._leave()
            raise Busy(retry_after=1) from error
        # When the work ends, not when its caller leaves: the thread is taken until then.
        future.add_done_callback(lambda _: self._leave())
        return await asyncio.wrap_future(future)

    def _leave(self) -> None:
        with self._lock:
            self._taken -= 1


@asynccontextmanager
async def open_workers(*, threads: int = 0, waiting: int = 256) -> AsyncIterator[Workers]:
    """Threads that end with the block. 0: as many as there are processors, at most four."""
    count = threads or min(_MOST, os.cpu_count() or 1)
    executor = ThreadPoolExecutor(count, "pixels", initializer=_step_back)
    try:
        yield Workers(executor, threads=count, waiting=waiting)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(executor.shutdown)


def _step_back() -> None:
    """Linux gives each thread a priority of its own; elsewhere they stay as they are."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
