"""Uploads: sound, upright, rid of what they carried, stored once, recorded every time."""

import asyncio
import hashlib
import json
from io import BytesIO

import pytest
from PIL import Image as Pixels

from cache.errors import TierUnavailable
from core.errors import (
    AliasConflict,
    Busy,
    Gone,
    ImageCorrupt,
    ImageTooLarge,
    ImageTypeUnsupported,
    StoreDown,
)
from core.imaging import Limits
from core.library.uploads import Upload, Uploads, upload_key
from core.purging.ports import Tombstones
from tests.cache.parts import cache_of
from tests.core.fakes import PROJECT, DictStore
from tests.core.rest_fakes_images import FLOW, Shelf


class Bench:
    """The service, and what it stands on."""

    def __init__(
        self, limits: Limits | None = None, *, tombstones: Tombstones | None = None
    ) -> None:
        self.shelf = Shelf()
        self.store = DictStore()
        self.cache = cache_of(store=self.store)
        self.uploads = Uploads(
            self.shelf.images,
            self.shelf.flows,
            self.cache,
            limits or Limits(),
            tombstones=tombstones,
        )


class Taking:
    """A take-down of every picture, written down right after it was asked for so many times."""

    def __init__(self, after: int) -> None:
        self.after = after

    async def stands(self, project_id: str, identity: str) -> bool:
        self.after -= 1
        return self.after < 0

    async def stands_for(self, project_id: str, image_id: str) -> bool:
        raise AssertionError("nobody asks by an id")


def png(color: str = "red", size: tuple[int, int] = (8, 6)) -> bytes:
    buffer = BytesIO()
    Pixels.new("RGB", size, color).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_place_of_a_file_is_its_project_and_its_bytes() -> None:
    key = upload_key("main/site", b"x")
    parts = ["upload/1", "main/site", hashlib.sha256(b"x").hexdigest()]
    identity = json.dumps(parts, separators=(",", ":")).encode()
    assert key.identity == hashlib.sha256(identity).hexdigest()
    assert upload_key("main/site", b"x") == key
    assert upload_key("main/site", b"y") != key
    assert upload_key("main/other", b"x") != key


async def test_an_upload_is_recorded_and_stored() -> None:
    bench = Bench()
    upload = Upload(png(), alias="@hero", flow_id=FLOW, flow_alias="@cover", meta={"a": 1})
    image = await bench.uploads.take(PROJECT, upload)
    assert (image.source, image.origin, image.mime_type) == ("uploaded", "rest", "image/png")
    assert (image.width, image.height, image.meta) == (8, 6, {"a": 1})
    assert image.dominant_color == "#ff0000"
    key = upload_key(PROJECT.path, upload.body)
    assert (image.slot, image.identity) == (key.slot, key.identity)
    assert len(bench.store.entries[image.slot].body) == image.file_size
    held = await bench.shelf.images.by_project_alias(PROJECT.id, "@hero")
    assert held is not None
    assert held.id == image.id
    flow = await bench.shelf.flows.find(PROJECT.id, FLOW)
    assert flow is not None
    assert flow.aliases == {"@cover": image.id}


async def test_a_flow_alias_alone_makes_a_flow() -> None:
    bench = Bench()
    image = await bench.uploads.take(PROJECT, Upload(png(), flow_alias="@cover"))
    assert image.flow_id is not None
    assert await bench.shelf.flows.find(PROJECT.id, image.flow_id) is not None
    assert (await bench.uploads.take(PROJECT, Upload(png()))).flow_id is None


async def test_equal_bytes_are_decoded_and_stored_once() -> None:
    bench = Bench()
    one = await bench.uploads.take(PROJECT, Upload(png()))
    entry = bench.store.entries[one.slot]
    two = await bench.uploads.take(PROJECT, Upload(png()))
    assert bench.store.entries == {one.slot: entry}
    assert one.id != two.id
    assert (one.digest, one.slot) == (two.digest, two.slot)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<svg/>", ImageTypeUnsupported),
        (b"GIF89a", ImageTypeUnsupported),
        (png()[:40], ImageCorrupt),
        (png(size=(101, 100)), ImageTooLarge),
        (png() + bytes(100_000), ImageTooLarge),
    ],
)
async def test_what_is_no_picture_of_ours_leaves_nothing(
    body: bytes, error: type[Exception]
) -> None:
    bench = Bench(Limits(max_bytes=50_000, max_pixels=10_000))
    with pytest.raises(error):
        await bench.uploads.take(PROJECT, Upload(body, alias="@hero", flow_id=FLOW))
    assert not bench.store.entries
    assert not bench.shelf.rows
    assert not bench.shelf.made


async def test_a_store_that_refuses_leaves_no_record() -> None:
    bench = Bench()
    bench.store.failure = TierUnavailable("full")
    with pytest.raises(StoreDown):
        await bench.uploads.take(PROJECT, Upload(png()))
    assert not bench.shelf.rows


async def test_a_take_down_while_it_is_encoded_leaves_nothing() -> None:
    bench = Bench(tombstones=Taking(after=1))
    with pytest.raises(Gone):
        await bench.uploads.take(PROJECT, Upload(png()))
    assert bench.store.entries == {}
    assert bench.cache.recall(upload_key(PROJECT.path, png())) is None
    assert not bench.shelf.rows


async def test_a_take_down_is_heeded_also_where_the_bytes_still_stand() -> None:
    bench = Bench(tombstones=Taking(after=2))
    await bench.uploads.take(PROJECT, Upload(png()))
    assert bench.store.entries
    with pytest.raises(Gone):
        await bench.uploads.take(PROJECT, Upload(png()))
    assert bench.store.entries == {}


async def test_a_taken_alias_is_moved_or_the_upload_refused() -> None:
    bench = Bench()
    await bench.uploads.take(PROJECT, Upload(png(), alias="@a", flow_id=FLOW, flow_alias="@b"))
    for wish in (
        Upload(png("blue"), alias="@a"),
        Upload(png("blue"), flow_id=FLOW, flow_alias="@b"),
    ):
        with pytest.raises(AliasConflict):
            await bench.uploads.take(PROJECT, wish, move=False)
    assert len(bench.store.entries) == 1
    fresh = Upload(png("blue"), alias="@c", flow_alias="@b")
    await bench.uploads.take(PROJECT, fresh, move=False)
    moved = await bench.uploads.take(PROJECT, Upload(png("blue"), alias="@a"))
    held = await bench.shelf.images.by_project_alias(PROJECT.id, "@a")
    assert held is not None
    assert held.id == moved.id


async def test_whoever_finds_the_room_full_is_told_at_once() -> None:
    bench = Bench()
    inside, leave = 0, asyncio.Event()

    async def stay() -> None:
        nonlocal inside
        async with bench.uploads.room():
            inside += 1
            await leave.wait()

    guests = [asyncio.create_task(stay()) for _ in range(500)]
    done, waiting = await asyncio.wait(guests, timeout=0.1)
    assert all(isinstance(guest.exception(), Busy) for guest in done)
    assert 0 < inside < len(waiting) < 500
    leave.set()
    await asyncio.gather(*waiting)
