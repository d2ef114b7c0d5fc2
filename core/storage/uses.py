"""Notes which pictures are still looked at, so that storage lets go of the right ones."""

import asyncio
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Protocol

import structlog

from core.errors import EdgeError

# Seconds between two writings, and until a picture seen before is noted anew.
_EVERY = 60.0
_FORGOTTEN = 12 * 3600.0
_BOUND = 100_000


class UseBook(Protocol):
    """Where uses are written down."""

    async def note_used(self, project_id: str, image_ids: Collection[str], when: datetime) -> None:
        """These were served at ``when``. Raises RecordsUnavailable."""


class Uses:
    """Uses of this process; noting one costs a look into a dictionary."""

    def __init__(self, book: UseBook, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._book = book
        self._clock = clock
        self._known: set[str] = set()
        self._fresh: dict[str, set[str]] = {}
        self._until = clock() + _FORGOTTEN
        self._log = structlog.get_logger("uses")

    def note(self, project_id: str, image_id: str) -> None:
        """The picture was served just now."""
        if image_id in self._known or len(self._known) >= _BOUND:
            return
        self._known.add(image_id)
        self._fresh.setdefault(project_id, set()).add(image_id)

    async def run(self) -> None:
        """Write down until cancelled."""
        while True:
            await asyncio.sleep(_EVERY)
            try:
                await self.flush()
            except Exception:  # noqa: BLE001 - a bug in one round must not end all later ones
                self._log.exception("uses_crashed")

    async def flush(self) -> None:
        """Write down what was noted; what the records refuse is noted at its next use."""
        fresh, self._fresh = self._fresh, {}
        try:
            for project_id, image_ids in fresh.items():
                await self._book.note_used(project_id, image_ids, datetime.now(UTC))
        except EdgeError as error:
            self._log.warning("uses_not_written", error=error.code)
            self._known.difference_update(*fresh.values())
        if self._clock() >= self._until:
            self._known.clear()
            self._until = self._clock() + _FORGOTTEN
