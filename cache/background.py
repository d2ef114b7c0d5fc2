"""Ends background tasks, also when a library swallows the first cancellation.

``asyncio.wait_for`` before Python 3.12, which redis-py sends through, returns normally when it is
cancelled in the very step in which it succeeds: the task runs on as if nothing had been said.
"""

import asyncio
import logging
from typing import Any

# Seconds between two cancellations of the same task.
_PATIENCE = 0.25


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel until the task has ended. An error it ended with is logged, not raised."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_PATIENCE)
    if not task.cancelled() and (error := task.exception()) is not None:
        logging.getLogger(__name__).error("a background task failed: %r", error)
