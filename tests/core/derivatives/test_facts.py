"""What a process knows of masters: for half a minute, and what to keep in view."""

from dataclasses import replace

from core.derivatives.facts import KnownMasters
from core.variants import Wish
from tests.core.derivatives.house import House, a_master

SQUARE = Wish(width=40, height=40, format="png")


async def test_facts_are_believed_for_half_a_minute(house: House) -> None:
    master = a_master()
    await house.of(master, SQUARE)
    house.now += 29
    assert await house.recall(master, SQUARE) is not None
    house.now += 2
    assert await house.recall(master, SQUARE) is None
    assert not (await house.of(master, SQUARE)).made
    assert await house.recall(master, SQUARE) is not None


async def test_a_crop_is_recalled_around_the_focus_its_record_named_last(house: House) -> None:
    master = a_master()
    left = await house.of(master, SQUARE, focal=(0.0, 0.5))
    right = await house.of(master, SQUARE, focal=(1.0, 0.5))
    assert left.picture.digest != right.picture.digest
    for told, wanted in ((None, right), ((0.0, 0.5), left)):
        recalled = await house.recall(master, SQUARE, focal=told)
        assert recalled is not None
        assert recalled.picture.digest == wanted.picture.digest
    in_the_url = await house.recall(master, replace(SQUARE, focal=(0.0, 0.5)))
    assert in_the_url is not None
    assert in_the_url.picture.digest == left.picture.digest


async def test_a_focus_nobody_asked_the_record_for_is_not_taken_for_its_word(
    house: House,
) -> None:
    master = a_master()
    # Nothing is cut off, so whoever asks need not know what to keep in view.
    await house.of(master, Wish(width=40, format="png"), focal=(0.5, 0.5))
    await house.of(master, replace(SQUARE, focal=(0.9, 0.5)), focal=(0.5, 0.5))
    assert await house.recall(master, SQUARE) is None
    assert await house.recall(master, Wish(width=40, format="png")) is not None


def test_the_least_recently_asked_are_forgotten_first() -> None:
    known = KnownMasters(bound=2)
    masters = [a_master(text) for text in ("one", "two", "three")]
    for key, picture in masters[:2]:
        known.learn(key, picture)
    assert known.recall(masters[0][0]) is not None
    known.learn(*masters[2])
    assert known.recall(masters[0][0]) is not None
    assert known.recall(masters[1][0]) is None


def test_facts_hold_no_bytes() -> None:
    key, picture = a_master()
    facts = KnownMasters().learn(key, picture)
    assert facts.picture == replace(picture, body=b"")
