"""The image library as a service: bytes and records come, and go, together."""

import pytest

from cache.entry import Entry, Key
from cache.errors import TierUnavailable
from core.errors import AliasConflict, NotFound, StoreDown
from core.library.aliases import Aliases
from core.library.images import Images
from core.models import Image
from tests.cache.parts import cache_of
from tests.core.fakes import DictStore, open_generation
from tests.core.rest_fakes_images import PROJECT_ID, Shelf, image

META = {
    "type": "image/png",
    "digest": "00" * 32,
    "created": "1",
    "image": "the first one's",
    "generation": "",
    "generator": "upload",
    "standIn": "0",
    "thumbHash": "dGh1bWI=",
    "color": "#aabbcc",
    "width": "1",
    "height": "1",
}


class Bench:
    """The service, and what it stands on."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.store = DictStore()
        self.cache = cache_of(store=self.store)
        aliases = Aliases(self.shelf.images, self.shelf.flows)
        self.images = Images(self.shelf.images, aliases, self.cache)

    async def put(self, row: Image) -> Image:
        await self.shelf.images.insert(row)
        await self.cache.put(Key(row.slot, row.identity), Entry(row.identity, b"bytes", META))
        return row


async def refused(work: object) -> str:
    with pytest.raises(NotFound) as refusal:
        await work  # type: ignore[misc]  # any coroutine
    return refusal.value.code


async def test_an_image_is_found_by_id_and_by_name() -> None:
    bench = Bench()
    await bench.put(image("one", alias="@hero"))
    assert (await bench.images.find(PROJECT_ID, "one")).id == "one"
    assert (await bench.images.find(PROJECT_ID, "@hero")).id == "one"
    assert await refused(bench.images.find(PROJECT_ID, "two")) == "IMAGE_NOT_FOUND"
    assert await refused(bench.images.find(PROJECT_ID, "@two")) == "ALIAS_NOT_FOUND"
    assert await refused(bench.images.find("other", "one")) == "IMAGE_NOT_FOUND"


async def test_an_edit_of_nothing_still_needs_an_image() -> None:
    bench = Bench()
    await bench.put(image("one", meta={"a": 1}))
    assert (await bench.images.edit(PROJECT_ID, "one")).meta == {"a": 1}
    assert (await bench.images.edit(PROJECT_ID, "one", meta={})).meta == {}
    assert await refused(bench.images.edit(PROJECT_ID, "two")) == "IMAGE_NOT_FOUND"
    assert await refused(bench.images.edit(PROJECT_ID, "two", meta={})) == "IMAGE_NOT_FOUND"


async def test_an_alias_changes_hands_or_is_refused() -> None:
    bench = Bench()
    await bench.put(image("one", alias="@hero"))
    await bench.put(image("two"))
    with pytest.raises(AliasConflict):
        await bench.images.assign_alias(PROJECT_ID, "two", "@hero", move=False)
    await bench.images.assign_alias(PROJECT_ID, "two", "@hero")
    assert (await bench.images.find(PROJECT_ID, "@hero")).id == "two"
    assert await refused(bench.images.assign_alias(PROJECT_ID, "x", "@a")) == "IMAGE_NOT_FOUND"


async def test_a_soft_deletion_keeps_the_bytes() -> None:
    bench = Bench()
    await bench.put(image("one"))
    await bench.images.delete(PROJECT_ID, "one")
    assert len(bench.store.entries) == 1
    assert await refused(bench.images.delete(PROJECT_ID, "one")) == "IMAGE_NOT_FOUND"
    assert await refused(bench.images.find(PROJECT_ID, "one")) == "IMAGE_NOT_FOUND"


async def test_erasing_waits_for_the_last_who_stands_on_the_bytes() -> None:
    bench = Bench()
    same = {"slot": "s", "identity": "i"}
    for name in ("one", "two", "gone"):
        await bench.put(image(name, **same))
    await bench.images.delete(PROJECT_ID, "gone")
    await bench.images.erase(PROJECT_ID, "one")
    assert len(bench.store.entries) == 1
    await bench.images.erase(PROJECT_ID, "two")
    assert not bench.store.entries
    await bench.images.erase(PROJECT_ID, "gone")
    assert await refused(bench.images.erase(PROJECT_ID, "one")) == "IMAGE_NOT_FOUND"


async def test_erasing_can_be_tried_again_after_the_store_was_away() -> None:
    bench = Bench()
    await bench.put(image("one"))
    bench.store.failure = TierUnavailable("away")
    with pytest.raises(StoreDown):
        await bench.images.erase(PROJECT_ID, "one")
    bench.store.failure = None
    await bench.images.erase(PROJECT_ID, "one")
    assert not bench.store.entries


async def test_what_is_served_is_this_records_picture() -> None:
    bench = Bench()
    await bench.put(image("one"))
    one = await bench.images.find(PROJECT_ID, "one")
    found = await bench.images.stored(one)
    assert (found.picture.body, found.picture.image_id) == (b"bytes", "one")
    await bench.cache.forget(Key("slot-one", "identity-one"))
    assert await refused(bench.images.stored(one)) == "IMAGE_NOT_FOUND"
    bench.store.failure = TierUnavailable("away")
    with pytest.raises(StoreDown):
        await bench.images.stored(one)


async def test_pictures_of_generations_are_fetched_together() -> None:
    bench = Bench()
    for name in ("out", "reference", "deleted", "other"):
        await bench.put(image(name))
    await bench.images.delete(PROJECT_ID, "deleted")
    generation = open_generation(
        "i", "s", output_image_id="out", reference_image_ids=("reference", "deleted")
    )
    found = await bench.images.of_generations(PROJECT_ID, [generation, generation])
    assert sorted(found) == ["out", "reference"]
    assert await bench.images.of_generations(PROJECT_ID, [open_generation("i", "s")]) == {}
