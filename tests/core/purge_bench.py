"""Processes of one fleet, as far as purges are concerned: one journal, one store, own memories."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cache.broadcast import LocalBroadcast
from cache.entry import Entry, Key
from cache.failures import LocalFailures
from cache.leases import LocalLeases
from cache.memory_tier import MemoryTier
from cache.observer import NullObserver
from cache.readthrough import ReadThrough
from cache.spool import NullSpool
from core.catalog import Catalog
from core.identity import identity_of, key_of
from core.live_request import LiveRequest
from core.models import Image, Project
from core.purging.covers import Covers
from core.purging.reader import JournalReader
from core.purging.service import Purging
from core.records.records import Records
from tests.cache.parts import Shelf
from tests.core.fakes import PAID
from tests.core.records.samples import a_generation, an_image


class Carvings:
    """Derivatives of which only the deletion is of interest."""

    def __init__(self) -> None:
        self.evicted: list[str] = []
        self.erased: list[str] = []

    def evict(self, master_slots: Iterable[str] | None) -> None:
        self.evicted += ["everything"] if master_slots is None else master_slots

    async def erase(self, project_id: str, master_slots: Sequence[str]) -> int:
        self.erased += master_slots
        return 3 * len(master_slots)


class Told:
    """Notes what CDNs may be told."""

    def __init__(self) -> None:
        self.tags: list[tuple[str, ...]] = []

    async def announce(self, project: Project, number: int, tags: tuple[str, ...]) -> None:
        self.tags.append(tags)


REQUEST = LiveRequest("a lighthouse", "1:1")


@dataclass
class Fleet:
    """What all processes share, and a clock that a test moves on."""

    records: Records
    catalog: Catalog
    near: Shelf = field(default_factory=lambda: Shelf("redis"))
    store: Shelf = field(default_factory=Shelf)
    later: timedelta = timedelta()

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.later


class Process:
    """One process of the fleet; its reader reads when the test says so."""

    def __init__(self, fleet: Fleet, cache: ReadThrough | None = None) -> None:
        log = fleet.records
        self.cache = cache or cache_in(fleet)
        self.derivatives = Carvings()
        self.told = Told()
        broadcast = LocalBroadcast()
        self.purging = Purging(
            journal=log.purges,
            covers=Covers(
                images=log.images,
                flows=log.flows,
                tenants=log.tenants,
                catalog=fleet.catalog,
                version="rules/1",
            ),
            cache=self.cache,
            derivatives=self.derivatives,
            broadcast=broadcast,
            announcements=self.told,
        )
        self.reader = JournalReader(
            journal=log.purges,
            purging=self.purging,
            cache=self.cache,
            derivatives=self.derivatives,
            broadcast=broadcast,
            clock=fleet.clock,
        )


def cache_in(fleet: Fleet) -> ReadThrough:
    return ReadThrough(
        memory=MemoryTier(2**20),
        near=fleet.near,
        store=fleet.store,
        leases=LocalLeases(),
        failures=LocalFailures(),
        spool=NullSpool(),
        observer=NullObserver(),
    )


def live_key(project: Project) -> Key:
    return key_of(identity_of(project.path, PAID, REQUEST, None))


def entry(key: Key, image_id: str = "i", *, created: int = 1) -> Entry:
    return Entry(key.identity, b"a picture", {"image": image_id, "created": str(created)})


async def stood(fleet: Fleet, project: Project, key: Key | None = None, **facts: object) -> Image:
    """A picture on record and in the store."""
    key = key or live_key(project)
    image = an_image(a_generation(project, slot=key.slot, identity=key.identity), **facts)
    await fleet.records.images.insert(image)
    fleet.store.held[key.slot] = entry(key, image.id)
    return image


async def everywhere(processes: list[Process], key: Key) -> None:
    for process in processes:
        assert await process.cache.lookup(key) is not None


def remembered(processes: list[Process], key: Key) -> list[bool]:
    return [process.cache.recall(key) is not None for process in processes]
