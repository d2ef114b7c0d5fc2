"""Storage within its bounds, over real records and a real directory of pictures."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cache.directory_tier import directory_tier
from cache.entry import Entry, Key
from cache.failures import LocalFailures
from cache.leases import LocalLeases
from cache.memory_tier import MemoryTier
from cache.null_tier import NullTier
from cache.observer import NullObserver
from cache.readthrough import ReadThrough
from cache.spool import NullSpool
from cache.tier import ListedStore
from core.models import Image
from core.records.records import Records, open_records
from core.storage.keeper import Keeper
from core.storage.shelf import Bounds, Kept
from tests.core.records.samples import NOON, a_generation, an_image

DAY = timedelta(days=1)


@dataclass(slots=True)
class Derivatives:
    """Sizes of masters, each ten bytes, the longest unused first."""

    masters: list[str] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)

    async def erase(self, project_id: str, master_slots: Sequence[str]) -> int:
        del project_id
        self.erased += master_slots
        return 0

    async def drop_unused(self, before: datetime | None, limit: int) -> tuple[int, int]:
        del before
        gone, self.masters = self.masters[:limit], self.masters[limit:]
        return len(gone), 10 * len(gone)


@dataclass(slots=True)
class House:
    """Everything a keeper looks after."""

    records: Records
    store: ListedStore
    cache: ReadThrough
    project_id: str
    derivatives: Derivatives = field(default_factory=Derivatives)

    def keeper(self, bounds: Bounds) -> Keeper:
        return Keeper(
            shelf=self.records.shelf,
            library=self.records.images,
            cache=self.cache,
            derivatives=self.derivatives,
            leases=LocalLeases(),
            bounds=bounds,
            clock=lambda: NOON,
        )

    async def keep(self, image: Image) -> Image:
        """The record, and bytes under its key."""
        await self.records.images.insert(image)
        await self.cache.put(key_of(image), Entry(image.identity, b"picture", {}))
        return image

    async def left(self, *images: Image) -> list[bool]:
        """Whether the record and the bytes of each are still there; both or neither."""
        found = []
        for image in images:
            known = await self.records.images.find(self.project_id, image.id, include_deleted=True)
            stored = await self.store.get(image.slot)
            assert (known is None) == (stored is None)
            found.append(known is not None)
        return found


def key_of(image: Image) -> Key:
    return Key(image.slot, image.identity)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with (
        open_records(None, tmp_path, clock=lambda: NOON) as records,
        directory_tier(tmp_path / "pictures") as store,
    ):
        cache = ReadThrough(
            memory=MemoryTier(10_000_000),
            near=NullTier(),
            store=store,
            leases=LocalLeases(),
            failures=LocalFailures(),
            spool=NullSpool(),
            observer=NullObserver(),
        )
        project = await records.tenants.ensure("main", "site", "page")
        yield House(records, store, cache, project.id)


async def a_picture(house: House, letter: str, *, days: int = 0, **changes: object) -> Image:
    generation = a_generation(await house.records.tenants.ensure("main", "site", "page"))
    facts = {
        "slot": letter * 32,
        "identity": letter * 64,
        "file_size": 100,
        "created_at": NOON - days * DAY,
    }
    return await house.keep(an_image(generation, **{**facts, **changes}))


async def test_without_bounds_nothing_goes(house: House) -> None:
    old = await a_picture(house, "a", days=900)
    house.derivatives.masters = ["a"]
    tidied = await house.keeper(Bounds()).tidy()
    assert tidied is not None
    assert (tidied.live, tidied.derivatives, tidied.kept) == (0, 0, Kept(100, 0))
    assert await house.left(old) == [True]


async def test_over_the_bound_derivatives_go_before_pictures(house: House) -> None:
    pictures = [await a_picture(house, letter, days=9) for letter in "ab"]
    house.derivatives.masters = ["a"] * 15
    # The fake's sizes are not in the records: 200 bytes there, 190 are allowed after tidying.
    tidied = await house.keeper(Bounds(max_bytes=199)).tidy()
    assert tidied is not None
    assert (tidied.derivatives, tidied.live) == (15, 0)
    assert await house.left(*pictures) == [True, True]


async def test_the_longest_unused_pictures_make_room_and_no_more_than_needed(house: House) -> None:
    oldest, old, new = [
        await a_picture(house, letter, days=days) for letter, days in (("a", 9), ("b", 5), ("c", 1))
    ]
    await house.records.shelf.note_used(house.project_id, {oldest.id}, NOON)
    named = await a_picture(house, "d", days=90, alias="@hero")
    tidied = await house.keeper(Bounds(max_bytes=300)).tidy()
    assert tidied is not None
    assert (tidied.live, tidied.kept) == (2, Kept(200, 0))
    assert await house.left(oldest, old, new, named) == [True, False, False, True]
    assert house.derivatives.erased == [old.slot, new.slot]


async def test_a_picture_that_was_let_go_is_absent_from_memory_too(house: House) -> None:
    image = await a_picture(house, "a", days=9)
    assert house.cache.recall(key_of(image)) is not None
    await house.keeper(Bounds(live=DAY)).tidy()
    assert house.cache.recall(key_of(image)) is None
    assert await house.cache.lookup(key_of(image)) is None


async def test_deleted_images_are_erased_once_their_time_has_passed(house: House) -> None:
    old = await a_picture(house, "a", deleted_at=NOON - 31 * DAY)
    new = await a_picture(house, "b", deleted_at=NOON - 29 * DAY)
    tidied = await house.keeper(Bounds(deleted=30 * DAY)).tidy()
    assert tidied is not None
    assert tidied.deleted == 1
    assert await house.left(old, new) == [False, True]


async def test_bytes_stay_for_as_long_as_another_image_stands_on_them(house: House) -> None:
    deleted = await a_picture(house, "a", deleted_at=NOON - 31 * DAY)
    alive = await a_picture(house, "a")
    await house.keeper(Bounds(deleted=DAY)).tidy()
    assert await house.left(alive) == [True]
    assert (
        await house.records.images.find(house.project_id, deleted.id, include_deleted=True) is None
    )


async def test_what_is_in_use_elsewhere_is_left_alone(house: House) -> None:
    class Held(LocalLeases):
        async def acquire(self, slot: str) -> None:
            del slot

    await a_picture(house, "a", days=900)
    keeper = Keeper(
        shelf=house.records.shelf,
        library=house.records.images,
        cache=house.cache,
        derivatives=house.derivatives,
        leases=Held(),
        bounds=Bounds(live=DAY),
    )
    assert await keeper.tidy() is None
    assert await house.records.shelf.kept() == Kept(100, 0)
