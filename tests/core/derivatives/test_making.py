"""Derivatives are made once, found again, and stored only when they are on record."""

import asyncio
import hashlib
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from cache.errors import CoordinatorUnavailable, EntryCorrupt, TierUnavailable
from core.derivatives import Derived
from core.errors import Busy, EdgeError, StoreDown
from core.imaging.marks import SOURCE_TYPE
from core.models import Picture
from core.variants import Encoding, Wish
from tests.cache.parts import until
from tests.core.derivatives.house import House, a_master, opened
from tests.core.fakes import PROJECT

FORMATS: tuple[Encoding, ...] = ("png", "jpeg", "webp", "avif")
WIDTHS = (8, 16, 24, 32, 40, 48, 64, 72, 80, 96, 100, 120)
SMALL = Wish(width=64, format="webp")


def size_of(picture: Picture) -> tuple[int, int]:
    with Image.open(BytesIO(picture.body)) as image:
        assert image.get_format_mimetype() == picture.mime_type
        assert image.size == (picture.width, picture.height)
        return image.size


async def test_a_derivative_carries_what_is_said_of_its_master(house: House) -> None:
    key, master = a_master()
    derived = await house.of((key, master), SMALL)
    picture = derived.picture
    assert size_of(picture) == (64, 37)
    assert picture.digest == hashlib.sha256(picture.body).hexdigest()
    facts = replace(picture, body=b"", digest="", mime_type="", width=0, height=0)
    assert facts == replace(master, body=b"", digest="", mime_type="", width=0, height=0)
    assert (derived.made, derived.vary, derived.final) == (True, False, True)


async def test_a_herd_makes_every_size_and_format_once(house: House) -> None:
    house.executor.gate.clear()
    master = a_master()
    wishes = [Wish(width=width, format=encoding) for width in WIDTHS for encoding in FORMATS]
    herd = [
        asyncio.create_task(house.of(master, wishes[number % len(wishes)])) for number in range(200)
    ]
    await until(lambda: house.executor.submitted == len(wishes))
    house.executor.gate.set()
    answers = await asyncio.gather(*herd)
    assert sum(house.meter.made_of.values()) == len(wishes) == 48
    assert len(house.store.held) == len(house.book.rows) == 48
    for number, derived in enumerate(answers):
        assert size_of(derived.picture)[0] == wishes[number % len(wishes)].width
    assert all(await asyncio.gather(*(house.recall(master, wish) for wish in wishes)))


async def test_what_was_made_is_found_in_every_tier(house: House) -> None:
    master = a_master()
    made = await house.of(master, SMALL)
    other = House(store=house.store, near=house.near, book=house.book, purges=house.purges)
    cold = House(store=house.store, book=house.book, purges=house.purges)
    for process in (house, other, cold):
        if process is not house:
            process.open()
        again = await process.of(master, SMALL)
        assert again.picture == made.picture
        assert not again.made
    for process in (other, cold):
        assert not process.meter.made_of
        await process.close()


async def test_nothing_is_known_of_a_master_nobody_has_shown(house: House) -> None:
    master = a_master()
    assert await house.recall(master, SMALL) is None
    await house.of(master, SMALL)
    assert await house.recall(master, Wish(width=65, format="webp")) is None
    recalled = await house.recall(master, SMALL)
    assert recalled is not None
    assert not recalled.made
    assert house.store.calls["get"] > 0


async def test_the_master_itself_is_left_to_who_has_it(house: House) -> None:
    key, master = a_master()
    derived = await house.of((key, master), Wish(width=5000, format="png"))
    assert derived == Derived(master, vary=False)
    assert await house.recall((key, master), Wish(width=5000)) is None
    assert not house.meter.made_of


async def test_equal_outcomes_share_one_entry(house: House) -> None:
    master = a_master()
    for wish in (
        Wish(width=64, format="webp"),
        Wish(width=32, density=2, format="webp", quality=80),
        Wish(width=64, height=37, format="webp", fit="contain"),
    ):
        await house.of(master, wish)
    # The ladder's lowest step.
    await house.of(master, Wish(width=3, format="webp"), exact=False)
    assert house.meter.made_of == {"webp": 1}


async def test_the_mark_goes_on_what_a_machine_made_and_on_nothing_else(house: House) -> None:
    made = await house.of(a_master(), SMALL)
    uploaded = await house.of(a_master("a photo", generator="upload"), SMALL)
    assert SOURCE_TYPE.encode() in made.picture.body
    assert b"Mirage" not in uploaded.picture.body


async def test_twelve_sizes_of_one_master_decode_it_once(house: House) -> None:
    key, master = a_master()
    await house.of((key, master), SMALL)
    assert house.decoded.used == 168 * 96 * 4
    # Nobody reads the bytes again: with the same digest even wrong ones would do.
    spoilt = replace(master, body=b"not read any more")
    derived = await house.of((key, spoilt), Wish(width=80))
    assert size_of(derived.picture) == (80, 46)


async def test_too_many_at_once_are_told_to_come_back(house: House) -> None:
    async with opened(House(threads=1, waiting=1)) as narrow:
        narrow.executor.gate.clear()
        master = a_master()
        taken = [asyncio.create_task(narrow.of(master, Wish(width=width))) for width in (10, 20)]
        await until(lambda: narrow.executor.submitted == 2)
        with pytest.raises(Busy) as busy:
            await narrow.of(master, Wish(width=30))
        assert busy.value.retry_after == 1
        narrow.executor.gate.set()
        await asyncio.gather(*taken)
        assert (await narrow.of(master, Wish(width=30))).made


async def test_a_caller_who_leaves_does_not_stop_the_work(house: House) -> None:
    house.executor.gate.clear()
    master = a_master()
    caller = asyncio.create_task(house.of(master, SMALL))
    await until(lambda: house.executor.submitted == 1)
    caller.cancel()
    await asyncio.wait([caller])
    house.executor.gate.set()
    assert size_of((await house.of(master, SMALL)).picture) == (64, 37)
    assert house.meter.made_of == {"webp": 1}


async def test_beyond_the_bound_nothing_more_is_stored_but_everything_is_served() -> None:
    async with opened(House(per_master=2)) as house:
        master = a_master()
        for width in (10, 20, 30, 40):
            derived = await house.of(master, Wish(width=width))
            assert size_of(derived.picture)[0] == width
        assert len(house.store.held) == len(house.book.rows) == 2
        # In memory it is found all the same.
        recalled = await house.recall(master, Wish(width=40))
        assert recalled is not None
        await house.of(a_master("another"), Wish(width=10))
        assert len(house.store.held) == 3


async def test_without_records_it_is_made_and_served_but_not_stored(house: House) -> None:
    house.book.away = True
    master = a_master()
    assert (await house.of(master, SMALL)).made
    assert await house.recall(master, SMALL) is not None
    assert not house.store.held


async def test_without_a_journal_it_is_made_and_served_but_not_stored(house: House) -> None:
    house.purges.away = True
    assert (await house.of(a_master(), SMALL)).made
    assert not house.store.held
    assert not house.book.rows


async def test_a_store_that_refuses_costs_nobody_the_picture(house: House) -> None:
    house.store.errors["put_first"] = TierUnavailable("full")
    assert (await house.of(a_master(), SMALL)).made


async def test_a_store_that_does_not_answer_is_no_reason_to_say_nothing_is_there(
    house: House,
) -> None:
    master = a_master()
    await house.of(master, SMALL)
    house.memory.clear()
    house.near.held.clear()
    house.store.errors["get"] = TierUnavailable("away")
    with pytest.raises(StoreDown):
        await house.recall(master, SMALL)
    with pytest.raises(StoreDown):
        await house.of(master, SMALL)


async def test_a_spoilt_derivative_is_made_anew(house: House) -> None:
    master = a_master()
    await house.of(master, SMALL)
    house.memory.clear()
    house.near.held.clear()
    broken = house.store.held

    class Once(dict[str, object]):
        def get(self, slot: str, default: object = None) -> object:  # type: ignore[override]  # a stand-in
            house.store.held = broken
            raise EntryCorrupt("flipped")

    house.store.held = Once(broken)  # type: ignore[assignment]  # as above
    assert await house.recall(master, SMALL) is None
    assert size_of((await house.of(master, SMALL)).picture) == (64, 37)


class NoCoordinator:
    async def acquire(self, slot: str) -> None:
        raise CoordinatorUnavailable("Redis is away")

    async def wait(self, slot: str) -> bool:
        raise CoordinatorUnavailable("Redis is away")


async def test_what_costs_nothing_needs_no_coordinator() -> None:
    async with opened(House(leases=NoCoordinator())) as house:
        assert (await house.of(a_master(), SMALL)).made


async def test_a_master_that_cannot_be_decoded_is_an_error_of_ours(house: House) -> None:
    key, master = a_master("broken")
    with pytest.raises(EdgeError) as error:
        await house.of((key, replace(master, body=master.body[:100], digest="0" * 64)), SMALL)
    assert error.value.status == 500


async def test_two_projects_never_share_an_entry(house: House) -> None:
    key, master = a_master()
    other_key, _ = a_master("the same bytes, elsewhere")
    await house.of((key, master), SMALL)
    stranger = replace(PROJECT, id="p2", slug="other")
    again = await house.of((other_key, master), SMALL, project=stranger)
    assert again.made
    assert {row.project_id for row in house.book.rows.values()} == {"p1", "p2"}


async def test_what_is_looked_at_is_noted(house: House) -> None:
    master = a_master()
    await house.of(master, SMALL)
    await house.recall(master, SMALL)
    await house.uses.flush()
    assert house.book.used == dict.fromkeys(house.book.rows, 1)


async def test_the_memo_of_hot_urls_can_ask_for_the_very_bytes(house: House) -> None:
    derived = await house.of(a_master(), SMALL)
    assert derived.key is not None
    assert house.derivatives.remembers(derived.key, derived.picture.body)
    assert house.derivatives.repeats(derived.key, derived.picture.body)
    assert not house.derivatives.remembers(derived.key, b"others")
