"""fm=auto: the best of what is ready, never anything the caller does not take, no wait for AVIF."""

import asyncio
from dataclasses import replace

import pytest

from core.variants import Wish
from tests.cache.parts import until
from tests.core.derivatives.house import BROWSER, NOBODY, OLD_BROWSER, House, a_master, opened

AUTO = Wish(width=64, format="auto")
AVIF, WEBP = "image/avif", "image/webp"


async def test_avif_is_served_as_soon_as_it_is_there_and_webp_until_then(house: House) -> None:
    master = a_master()
    first = await house.of(master, AUTO, accept=BROWSER)
    assert (first.picture.mime_type, first.vary, first.final) == (WEBP, True, False)
    await house.later.settle()
    assert house.meter.made_of == {"webp": 1, "avif": 1}
    for answer in (
        await house.recall(master, AUTO, accept=BROWSER),
        await house.of(master, AUTO, accept=BROWSER),
    ):
        assert answer is not None
        assert (answer.picture.mime_type, answer.vary, answer.final) == (AVIF, True, True)
        assert not answer.made


async def test_nobody_waits_for_avif(house: House) -> None:
    master = a_master()
    await house.of(master, replace(AUTO, format="webp"))
    house.executor.gate.clear()
    first = await house.of(master, AUTO, accept=BROWSER)
    assert first.picture.mime_type == WEBP
    await until(lambda: house.executor.submitted == 2)
    # It is on its way, so what is ready is served meanwhile, here and to the next one.
    meanwhile = await house.recall(master, AUTO, accept=BROWSER)
    assert meanwhile is not None
    assert (meanwhile.picture.mime_type, meanwhile.final) == (WEBP, False)
    house.executor.gate.set()
    await house.later.settle()


async def test_a_thousand_visitors_start_one_avif(house: House) -> None:
    master = a_master()
    await asyncio.gather(*(house.of(master, AUTO, accept=BROWSER) for _ in range(1000)))
    await house.later.settle()
    assert house.meter.made_of == {"webp": 1, "avif": 1}


@pytest.mark.parametrize(
    ("accept", "kind", "mode", "served"),
    [
        (OLD_BROWSER, "PNG", "RGB", "image/webp"),
        (NOBODY, "PNG", "RGB", "image/jpeg"),
        (NOBODY, "PNG", "RGBA", "image/png"),
        (frozenset({"image/jpeg"}), "PNG", "RGBA", "image/jpeg"),
        (frozenset({"image/png"}), "JPEG", "RGB", "image/png"),
        (frozenset({"image/jpeg"}), "WEBP", "RGB", "image/jpeg"),
        (frozenset({"image/jpeg"}), "AVIF", "RGB", "image/jpeg"),
        (frozenset({"image/jpeg", "image/gif"}), "JPEG", "RGB", "image/jpeg"),
    ],
)
async def test_everybody_gets_what_they_take(
    house: House, accept: frozenset[str], kind: str, mode: str, served: str
) -> None:
    master = a_master(kind=kind, mode=mode)
    # Even if better formats are ready.
    for ready in ("avif", "webp"):
        await house.of(master, replace(AUTO, format=ready))
    for wish in (AUTO, Wish(format="auto")):
        answer = await house.of(master, wish, accept=accept)
        assert (answer.picture.mime_type, answer.vary) == (served, True)
    again = await house.recall(master, AUTO, accept=accept)
    assert again is not None
    assert (again.picture.mime_type, again.vary, again.final) == (served, True, True)
    await house.later.settle()


async def test_a_master_of_the_best_format_is_served_as_it_is(house: House) -> None:
    key, master = a_master(kind="AVIF")
    answer = await house.of((key, master), Wish(format="auto"), accept=BROWSER)
    assert (answer.picture, answer.vary, answer.key) == (master, True, None)
    assert not house.meter.made_of


async def test_explicit_avif_is_simply_made(house: House) -> None:
    answer = await house.of(a_master(), replace(AUTO, format="avif"))
    assert (answer.picture.mime_type, answer.vary, answer.made) == (AVIF, False, True)


async def test_an_avif_that_found_no_room_is_tried_again_later() -> None:
    async with opened(House(threads=1, waiting=0)) as house:
        master = a_master()
        await house.of(master, replace(AUTO, format="webp"))
        house.executor.gate.clear()
        other = asyncio.create_task(house.of(a_master("another"), Wish(width=10)))
        await until(lambda: house.executor.submitted == 2)
        await house.of(master, AUTO, accept=BROWSER)
        await house.later.settle()
        # It rests: what is ready is served, but not for long.
        resting = await house.recall(master, AUTO, accept=BROWSER)
        assert resting is not None
        assert (resting.picture.mime_type, resting.final) == (WEBP, False)
        house.executor.gate.set()
        await other
        house.now += 11
        assert await house.recall(master, AUTO, accept=BROWSER) is None
        await house.of(master, AUTO, accept=BROWSER)
        await house.later.settle()
        ready = await house.recall(master, AUTO, accept=BROWSER)
        assert ready is not None
        assert ready.picture.mime_type == AVIF


async def test_closing_leaves_no_avif_behind() -> None:
    async with opened(House(threads=1)) as house:
        house.executor.gate.clear()
        await asyncio.wait_for(_start_avif(house), 5)
    assert not house.store.held


async def _start_avif(house: House) -> None:
    master = a_master()
    house.later.start(master[0], asyncio.Event().wait)
    assert house.later.state(master[0]) == "coming"
