"""Counts stored pictures as they are served, in memory, and writes the sums down now and then."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from core.errors import EdgeError

# Whose hits: a project's id, and its scope's or "" where no scope is concerned.
Whose = tuple[str, str]


class HitBook(Protocol):
    """Where hits are counted for good."""

    async def add_hits(self, counts: Mapping[Whose, int]) -> None:
        """Add these to the current hour. Raises RecordsUnavailable, then nothing was added."""


@dataclass(slots=True)
class HitCounter:
    """The hits of one scope that are not written down yet. Counting is one addition."""

    hits: int = 0


class Tally:
    """All counters of this process; ``every`` is in seconds.

    A counter stays for as long as the process: whoever holds it may count at any time. There are
    never more than scopes that were asked for.
    """

    def __init__(self, book: HitBook, *, every: float = 5.0) -> None:
        self._book = book
        self._every = every
        self._counters: dict[Whose, HitCounter] = {}
        self._writing = asyncio.Lock()
        self._log = structlog.get_logger("tally")

    def counter(self, project_id: str, scope_id: str | None) -> HitCounter:
        whose = (project_id, scope_id or "")
        counter = self._counters.get(whose)
        if counter is None:
            counter = self._counters[whose] = HitCounter()
        return counter

    async def run(self) -> None:
        """Write down until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.flush()
            except Exception:  # noqa: BLE001 - a bug in one round must not end all later ones
                self._log.exception("tally_crashed")

    async def flush(self) -> None:
        """Write down what was counted so far; what the records refuse is kept for the next time.

        Never raises but when it is cancelled.
        """
        async with self._writing:
            taken = {whose: one.hits for whose, one in self._counters.items() if one.hits}
            if not taken:
                return
            self._give(taken, -1)
            try:
                await self._book.add_hits(taken)
            except EdgeError as error:
                self._give(taken, 1)
                self._log.warning("hits_not_written", error=error.code)
            except BaseException:
                self._give(taken, 1)
                raise

    def _give(self, taken: Mapping[Whose, int], sign: int) -> None:
        for whose, hits in taken.items():
            self._counters[whose].hits += sign * hits
