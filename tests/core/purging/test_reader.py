"""The journal's reader in the background: woken by a word, and not ended by an outage."""

import asyncio
from collections.abc import Collection

from cache.broadcast import LocalBroadcast
from core.errors import RecordsUnavailable
from core.models import Project
from core.purging.ports import Purge
from core.purging.reader import JournalReader
from core.purging.service import ByPrompt
from tests.cache.parts import until
from tests.core.purge_bench import (
    REQUEST,
    Fleet,
    Process,
    everywhere,
    live_key,
    remembered,
    stood,
)


class Sickly:
    """The journal, after so many failures."""

    def __init__(self, fleet: Fleet, failures: int) -> None:
        self._journal = fleet.records.purges
        self.failures = failures
        self.read = asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._journal, name)

    async def since(self, number: int, watched: Collection[int]) -> list[Purge]:
        if self.failures:
            self.failures -= 1
            raise RecordsUnavailable
        found = await self._journal.since(number, watched)
        if found:
            self.read.set()
        return found


async def test_an_outage_ends_nothing_and_a_word_saves_the_wait(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    await stood(fleet, project)
    key, other, broadcast = live_key(project), processes[1], LocalBroadcast()
    await everywhere(processes, key)
    journal = Sickly(fleet, failures=2)
    reader = JournalReader(
        journal=journal,
        purging=other.purging,
        cache=other.cache,
        derivatives=other.derivatives,
        broadcast=broadcast,
        every=3600,
    )
    await reader.start()
    running = asyncio.create_task(reader.run())
    await processes[0].purging.purge(project, ByPrompt(REQUEST), tombstone=False)
    async with asyncio.timeout(10):
        while not journal.read.is_set():
            await broadcast.send()
            await asyncio.sleep(0)
        await until(lambda: remembered([other], key) == [False])
    running.cancel()
    await asyncio.wait([running])
    assert journal.failures == 0
