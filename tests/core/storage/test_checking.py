"""The checker: what the records say of the pictures, held against the store."""

import hashlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cache.directory_tier import DirectoryTier, directory_tier
from cache.entry import Entry, Key
from cache.errors import TierUnavailable
from core.models import Image, Project
from core.records.records import Records, open_records
from core.storage.checking import Checker, Report
from tests.cache.parts import key_of
from tests.core.fakes import DictStore
from tests.core.records.samples import a_generation, an_image


@dataclass(frozen=True)
class Installation:
    """Records and pictures side by side, as a server keeps them."""

    records: Records
    store: DirectoryTier
    project: Project

    async def picture(self, text: str, *, stored: bool = True) -> tuple[Key, Image]:
        """One on record and in the store."""
        key, body = key_of(text), text.encode()
        await self.store.put_first(key.slot, Entry(key.identity, body, {}))
        return key, await self.record(key, body, stored=stored)

    async def record(self, key: Key, body: bytes, *, stored: bool = True) -> Image:
        digest = hashlib.sha256(body).hexdigest()
        facts = {"slot": key.slot, "identity": key.identity, "digest": digest, "stored": stored}
        image = an_image(a_generation(self.project), **facts)
        await self.records.images.insert(image)
        return image

    async def stored(self, image: Image) -> bool:
        """What its record says now."""
        found = await self.records.images.find(self.project.id, image.id)
        assert found is not None
        return found.stored

    async def check(self, *, fix: bool = False) -> Report:
        return await Checker(self.records.inventory, self.store, fix=fix).check(lambda _: None)


@pytest.fixture
async def here(tmp_path: Path, blank_records: Path) -> AsyncIterator[Installation]:
    shutil.copy(blank_records, tmp_path / blank_records.name)
    async with (
        open_records(None, tmp_path) as records,
        directory_tier(tmp_path / "pictures") as store,
    ):
        project = await records.tenants.ensure("main", "site", "page")
        yield Installation(records, store, project)


def damages(report: Report) -> dict[str, tuple[str, bool]]:
    return {each.picture.id: (each.damage, each.marked) for each in report.problems}


async def test_what_belongs_together_is_sound(here: Installation) -> None:
    for number in range(20):
        await here.picture(f"number {number}")
    told: list[int] = []
    report = await Checker(here.records.inventory, here.store).check(told.append)
    assert report == Report(sound=20)
    assert sum(told) == 20 == await here.records.inventory.count()


async def test_missing_corrupt_and_foreign_pictures_are_found(here: Installation) -> None:
    (missing_key, missing), (corrupt_key, corrupt), (foreign_key, foreign) = [
        await here.picture(name) for name in ("missing", "corrupt", "foreign")
    ]
    _, sound = await here.picture("sound")
    replaced = await here.record(key_of("sound"), b"what stood there before")
    await here.store.delete(missing_key.slot)
    path = here.store.path_of(corrupt_key.slot)
    path.write_bytes(path.read_bytes()[:-3])
    await here.store.delete(foreign_key.slot)
    await here.store.put_first(foreign_key.slot, Entry(key_of("other").identity, b"other", {}))
    report = await here.check()
    assert damages(report) == {
        missing.id: ("missing", False),
        corrupt.id: ("corrupt", False),
        foreign.id: ("foreign", False),
        replaced.id: ("foreign", False),
    }
    assert (report.sound, report.unrecorded) == (1, 0)
    assert await here.stored(sound)


async def test_fixing_corrects_the_records_and_leaves_every_byte(here: Installation) -> None:
    missing_key, missing = await here.picture("missing")
    corrupt_key, corrupt = await here.picture("corrupt")
    _, late = await here.picture("late", stored=False)
    await here.store.delete(missing_key.slot)
    path = here.store.path_of(corrupt_key.slot)
    path.write_bytes(b"GIF89a")
    looked = await here.check()
    assert (looked.arrived, await here.stored(late)) == (1, False)
    assert await here.stored(missing)
    report = await here.check(fix=True)
    assert damages(report) == {missing.id: ("missing", True), corrupt.id: ("corrupt", False)}
    assert not await here.stored(missing)
    assert await here.stored(late)
    assert path.read_bytes() == b"GIF89a"
    again = await here.check(fix=True)
    assert (again.waiting, again.sound, damages(again)) == (1, 1, {corrupt.id: ("corrupt", False)})


async def test_a_picture_that_was_fixed_and_comes_back_is_noted(here: Installation) -> None:
    key, image = await here.picture("restored")
    kept = await here.store.get(key.slot)
    assert kept is not None
    await here.store.delete(key.slot)
    await here.check(fix=True)
    await here.store.put_first(key.slot, kept)
    assert await here.check(fix=True) == Report(arrived=1)
    assert await here.stored(image)


async def test_a_picture_in_its_second_slot_is_sound(here: Installation) -> None:
    key = key_of("collided")
    await here.store.put_first(key.slot, Entry(key_of("first").identity, b"first", {}))
    await here.store.put_first(key.identity, Entry(key.identity, b"second", {}))
    await here.record(key, b"second")
    assert await here.check() == Report(sound=1)


async def test_deleted_pictures_are_passed_by_and_their_bytes_known(here: Installation) -> None:
    key, image = await here.picture("deleted")
    await here.records.images.delete(here.project.id, image.id)
    assert await here.check() == Report(deleted=1)
    await here.store.delete(key.slot)
    assert await here.check() == Report(deleted=1)


async def test_pictures_without_a_record_are_counted_and_no_problem(here: Installation) -> None:
    await here.picture("known")
    for number in range(3):
        key = key_of(f"lost record {number}")
        await here.store.put_first(key.slot, Entry(key.identity, b"x", {}))
    assert await here.check(fix=True) == Report(sound=1, unrecorded=3)


async def test_a_store_that_does_not_answer_misses_nothing(here: Installation) -> None:
    _, image = await here.picture("there")
    silent = DictStore()
    silent.failure = TierUnavailable("no answer")
    with pytest.raises(TierUnavailable):
        await Checker(here.records.inventory, silent, fix=True).check(lambda _: None)
    assert await here.stored(image)
