"""The journal's reader in the background: woken by a word, and not ended by an outage."""

import asyncio
from collections.abc import Collection
from datetime import timedelta

from cache.broadcast import LocalBroadcast
from cache.errors import TierUnavailable
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


async def test_a_near_copy_that_was_owed_goes_when_the_next_process_starts(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    await stood(fleet, project)
    key = live_key(project)
    await everywhere(processes[:1], key)
    fleet.near.errors["delete"] = TierUnavailable("away")
    await processes[0].purging.purge(project, ByPrompt(REQUEST), tombstone=True)
    await processes[0].reader.read()
    assert fleet.near.held, "and whoever owes its deletion ends now"
    fleet.near.errors.clear()
    successor = Process(fleet)
    await successor.reader.start()
    assert fleet.near.held == {}
    assert await successor.cache.lookup(key) is None


async def test_what_the_near_tier_cannot_drop_at_the_start_is_not_believed(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    await stood(fleet, project)
    key = live_key(project)
    await everywhere(processes[:1], key)
    fleet.near.errors["delete"] = TierUnavailable("away")
    await processes[0].purging.purge(project, ByPrompt(REQUEST), tombstone=True)
    successor = Process(fleet)
    await successor.reader.start()
    assert fleet.near.held
    assert await successor.cache.lookup(key) is None
    fleet.near.errors.clear()
    assert await successor.cache.evict_owed() == 0
    assert fleet.near.held == {}


async def test_older_purges_than_any_near_copy_are_let_be(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    await stood(fleet, project)
    await processes[0].purging.purge(project, ByPrompt(REQUEST), tombstone=False)
    await stood(fleet, project)
    await everywhere(processes[:1], live_key(project))
    fleet.later = timedelta(days=1, minutes=1)
    await Process(fleet).reader.start()
    assert live_key(project).slot in fleet.near.held


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
