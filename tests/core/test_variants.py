"""What a wish means: sizes that are exact, ratios that are kept, and nothing ever enlarged."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.variants import (
    FITS,
    LADDER,
    QUALITIES,
    Encoding,
    Layout,
    Master,
    Wish,
    planned,
)

MASTER = Master(1344, 768, "png")
ENCODINGS: tuple[Encoding, ...] = ("png", "jpeg", "webp", "avif")
SIDES = st.none() | st.integers(1, 100_000)
SHARES = st.floats(0, 1)
MASTERS = st.builds(Master, st.integers(1, 8000), st.integers(1, 8000), st.sampled_from(ENCODINGS))
WISHES = st.builds(
    Wish,
    width=SIDES,
    height=SIDES,
    density=st.integers(100, 300).map(lambda hundredths: hundredths / 100),
    fit=st.sampled_from(FITS),
    quality=st.none() | st.integers(1, 100),
    format=st.none() | st.sampled_from(ENCODINGS),
    focal=st.none() | st.tuples(SHARES, SHARES),
)


def layout_of(wish: Wish, master: Master = MASTER, *, exact: bool = True) -> Layout:
    variant = planned(wish, master, exact=exact)
    return Layout(master.width, master.height) if variant is None else variant.layout


@pytest.mark.parametrize(
    ("wish", "size"),
    [
        (Wish(width=640), (640, 366)),
        (Wish(height=300), (525, 300)),
        (Wish(width=320, density=2), (640, 366)),
        (Wish(width=333, density=1.5), (500, 286)),
        (Wish(width=333, height=555), (333, 555)),
        (Wish(width=400, height=400, fit="contain"), (400, 400)),
        (Wish(width=400, height=400, fit="inside"), (400, 229)),
        (Wish(width=5000), (1344, 768)),
        (Wish(height=5000), (1344, 768)),
        (Wish(width=5000, height=5000), (768, 768)),
        (Wish(width=5000, height=2500), (1344, 672)),
        (Wish(width=5000, height=5000, fit="inside"), (1344, 768)),
        (Wish(width=5000, height=400, fit="inside"), (700, 400)),
        (Wish(width=5000, height=5000, fit="contain"), (768, 768)),
        (Wish(width=1920, height=1080, fit="contain"), (1344, 756)),
        (Wish(width=2000, height=100, fit="contain"), (1344, 67)),
        (Wish(width=100, height=2000, fit="contain"), (67, 1344)),
        (Wish(width=1000, height=1000, fit="contain"), (1000, 1000)),
        (Wish(width=1), (1, 1)),
        (Wish(width=1345), (1344, 768)),
        (Wish(width=1343, fit="inside"), (1343, 767)),
        (Wish(width=1350, fit="contain"), (1344, 768)),
        (Wish(width=100, density=3, fit="inside"), (300, 171)),
    ],
)
def test_the_known_get_the_size_they_ask_for(wish: Wish, size: tuple[int, int]) -> None:
    layout = layout_of(wish)
    assert (layout.width, layout.height) == size


@pytest.mark.parametrize(
    ("wish", "size"),
    [
        (Wish(width=641), (750, 429)),
        (Wish(width=640), (640, 366)),
        (Wish(width=1), (64, 37)),
        (Wish(height=300), (560, 320)),
        (Wish(width=300, height=200), (320, 213)),
        (Wish(width=200, density=1.5), (320, 183)),
        (Wish(width=100_000), (1344, 768)),
        (Wish(height=100_000), (1344, 768)),
    ],
)
def test_strangers_get_a_size_of_the_ladder(wish: Wish, size: tuple[int, int]) -> None:
    layout = layout_of(wish, exact=False)
    assert (layout.width, layout.height) == size


@given(wish=WISHES, master=MASTERS, exact=st.booleans())
@example(wish=Wish(width=1, height=100_000, fit="contain"), master=MASTER, exact=False)
@example(wish=Wish(width=5, height=1), master=Master(1000, 1, "png"), exact=True)
def test_nothing_is_enlarged_and_no_side_is_empty(wish: Wish, master: Master, exact: bool) -> None:
    layout = layout_of(wish, master, exact=exact)
    left, top, right, bottom = layout.crop or (0, 0, master.width, master.height)
    across, down = layout.inner or (layout.width, layout.height)
    assert 0 <= left < right <= master.width
    assert 0 <= top < bottom <= master.height
    assert layout.width >= across >= 1
    assert layout.height >= down >= 1
    # A side of one pixel is the least there is, whatever it is made from.
    assert across <= max(1, right - left + 0.5)
    assert down <= max(1, bottom - top + 0.5)
    assert layout.inner is not None or (
        layout.width <= master.width and layout.height <= master.height
    )
    assert max(layout.width, layout.height) <= max(LADDER[-1], master.width, master.height)


@given(wish=WISHES, master=MASTERS)
def test_a_crop_has_the_ratio_of_its_box_and_nothing_is_squeezed(
    wish: Wish, master: Master
) -> None:
    layout = layout_of(wish, master)
    left, top, right, bottom = layout.crop or (0, 0, master.width, master.height)
    across, down = layout.inner or (layout.width, layout.height)
    # Whole pixels are all the play there is.
    assert abs(across * (bottom - top) - down * (right - left)) <= max(right, bottom) + 1


@given(wish=WISHES, master=MASTERS, focal=st.tuples(SHARES, SHARES))
def test_a_crop_is_as_large_as_can_be_and_as_near_to_its_focus(
    wish: Wish, master: Master, focal: tuple[float, float]
) -> None:
    variant = planned(replace(wish, focal=None, fit="cover"), master, exact=True, focal=focal)
    if variant is None or variant.layout.crop is None:
        return
    left, top, right, bottom = variant.layout.crop
    assert (left, right) == (0, master.width) or (top, bottom) == (0, master.height)
    for start, end, bound, middle in (
        (left, right, master.width, focal[0] * master.width),
        (top, bottom, master.height, focal[1] * master.height),
    ):
        wanted = min(max(middle, (end - start) / 2), bound - (end - start) / 2)
        assert abs((start + end) / 2 - wanted) < 0.002


@given(wish=WISHES, master=MASTERS)
def test_a_size_that_fits_is_had_exactly_by_asking_for_it(wish: Wish, master: Master) -> None:
    first = layout_of(replace(wish, fit="inside"), master)
    again = layout_of(Wish(width=first.width, height=first.height), master)
    assert (again.width, again.height) == (first.width, first.height)


@given(width=st.integers(1, 100_000), height=st.integers(1, 100_000))
def test_a_stranger_s_box_keeps_its_ratio(width: int, height: int) -> None:
    layout = layout_of(Wish(width=width, height=height), Master(8000, 8000, "png"), exact=False)
    if layout.height in (1, 8000):
        return
    assert layout.width in LADDER
    wanted = Fraction(height, width) * layout.width
    assert abs(layout.height - wanted) <= Fraction(1, 2)


@pytest.mark.parametrize(
    "wish",
    [
        Wish(),
        Wish(format="png"),
        Wish(format="png", quality=5),
        Wish(width=1344),
        Wish(width=9999, height=5714),
        Wish(width=1344, height=768, fit="contain", format="png"),
        Wish(width=4000, height=4000, fit="inside"),
    ],
)
def test_the_master_itself_is_not_made_again(wish: Wish) -> None:
    assert planned(wish, MASTER, exact=True) is None


def test_a_quality_is_a_reason_to_encode_where_there_is_any() -> None:
    photo = Master(1344, 768, "jpeg")
    again = planned(Wish(quality=40), photo, exact=True)
    assert again is not None
    assert (again.format, again.quality, again.layout) == ("jpeg", 40, Layout(1344, 768))
    assert planned(Wish(), photo, exact=True) is None


@pytest.mark.parametrize("encoding", QUALITIES)
def test_the_usual_quality_by_name_is_the_usual_quality(encoding: Encoding) -> None:
    wish = Wish(width=320, format=encoding)
    named = replace(wish, quality=QUALITIES[encoding])
    assert planned(wish, MASTER, exact=True) == planned(named, MASTER, exact=True)


def test_ways_of_asking_for_the_same_pixels_come_to_the_same() -> None:
    wishes = [
        Wish(width=640),
        Wish(width=320, density=2),
        Wish(width=640, height=366),
        Wish(width=640, height=366, fit="contain"),
        Wish(width=640, height=9000, fit="inside"),
        Wish(width=640, focal=(0.1, 0.9)),
    ]
    assert len({planned(wish, MASTER, exact=True) for wish in wishes}) == 1


def test_the_focus_of_the_url_wins() -> None:
    wish = Wish(width=100, height=100, focal=(0.0, 0.0))
    variant = planned(wish, MASTER, exact=True, focal=(1.0, 1.0))
    assert variant is not None
    assert variant.layout.crop == (0.0, 0.0, 768.0, 768.0)


def test_webp_is_no_longer_than_its_format_allows() -> None:
    panorama = Master(20_000, 1_500, "jpeg")
    layout = layout_of(Wish(format="webp"), panorama)
    assert (layout.width, layout.height) == (16_383, 1_229)
    assert layout_of(Wish(format="avif"), panorama).width == 20_000
