"""Follows a generation until it has ended, in whichever process it is made."""

import time
from collections.abc import AsyncIterator

from cache.leases import Hints
from core.models import Generation
from core.rest_ports import GenerationLibrary

UNDER_WAY = ("pending", "processing")
# Seconds between looks at the record: soon after a change, then less and less often. Another
# process's changes are seen only by looking.
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 2.0


class Progress:
    """Tells what becomes of generations. ``beat`` is the longest silence, in seconds."""

    def __init__(self, library: GenerationLibrary, hints: Hints, *, beat: float = 15.0) -> None:
        self._library = library
        self._hints = hints
        self._beat = beat

    async def follow(self, project_id: str, generation_id: str) -> AsyncIterator[Generation | None]:
        """Each state as it comes, the present one first, and the last one when it has ended.

        None when nothing happened for a ``beat``. Ends early when the record is deleted.
        """
        shown: tuple[str, int] | None = None
        pause, spoke = _FIRST_PAUSE, time.monotonic()
        while True:
            row = await self._library.find(project_id, generation_id)
            if row is None:
                return
            if (row.status, row.attempt) != shown:
                shown, pause = (row.status, row.attempt), _FIRST_PAUSE
                spoke = time.monotonic()
                yield row
                if row.status not in UNDER_WAY:
                    return
            elif time.monotonic() - spoke >= self._beat:
                spoke = time.monotonic()
                yield None
            await self._hints.wait(generation_id, min(pause, self._beat))
            pause = min(pause * 1.5, _LONGEST_PAUSE)
