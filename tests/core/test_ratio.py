"""One shape, one ratio: what reduces to it, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FieldError, Invalid
from core.ratio import DEFAULT_RATIO, RATIOS, canonical_ratio


def refused(text: str) -> FieldError:
    with pytest.raises(Invalid) as refusal:
        canonical_ratio(text)
    (field,) = refusal.value.fields
    assert field.name == "aspectRatio"
    return field


def test_the_ratios_on_offer_are_the_contracts() -> None:
    assert " ".join(RATIOS) == "1:1 16:9 9:16 4:3 3:4 3:2 2:3 5:4 4:5 21:9 9:21"
    assert DEFAULT_RATIO == "1:1"


@pytest.mark.parametrize("ratio", RATIOS)
def test_a_canonical_ratio_stays(ratio: str) -> None:
    assert canonical_ratio(ratio) == ratio
    assert canonical_ratio(ratio.replace(":", "x")) == ratio


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("1920:1080", "16:9"),
        ("1920x1080", "16:9"),
        ("1080x1920", "9:16"),
        ("512x512", "1:1"),
        ("7:3", "21:9"),
        ("3x7", "9:21"),
        ("2520x1080", "21:9"),
        ("800x600", "4:3"),
        ("99999:99999", "1:1"),
    ],
)
def test_what_reduces_exactly_is_that_ratio(text: str, ratio: str) -> None:
    assert canonical_ratio(text) == ratio


def test_an_empty_ratio_is_not_an_absent_one() -> None:
    assert refused("").code == "ASPECT_RATIO_INVALID"


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("17:9", "16:9"),
        ("9:17", "9:16"),
        ("2560:1080", "21:9"),
        ("1366x768", "16:9"),
        ("99999:1", "21:9"),
        ("1:99999", "9:21"),
        ("100:101", "1:1"),
    ],
)
def test_another_shape_is_refused_with_the_nearest_one(text: str, nearest: str) -> None:
    field = refused(text)
    assert (field.code, field.suggestion) == ("ASPECT_RATIO_UNSUPPORTED", nearest)
    assert all(ratio in field.message for ratio in RATIOS)


NO_RATIOS = (
    *("0:0", "0:1", "-1:1", "1e9:1", "nan", "wide", "16:9:1", "16", "16:", ":9", " 16:9", "16:9\n"),
    *("16/9", "1.0:1", "+16:9", "1_6:9", "16X9", "100000:100000", "16\uff1a9"),
    *("\u0661\u0666:\u0669", "\uff11\uff16:\uff19", "16:9" * 4000),
)


@pytest.mark.parametrize("text", NO_RATIOS)
def test_what_is_no_ratio_is_refused_with_the_list(text: str) -> None:
    field = refused(text)
    assert (field.code, field.suggestion) == ("ASPECT_RATIO_UNSUPPORTED", None)
    assert RATIOS[-1] in field.message


@given(st.sampled_from(RATIOS), st.integers(1, 4000), st.sampled_from(":x"))
def test_every_multiple_of_a_ratio_is_that_ratio(ratio: str, factor: int, sign: str) -> None:
    width, height = (int(term) * factor for term in ratio.split(":"))
    assert canonical_ratio(f"{width}{sign}{height}") == ratio


@given(st.text() | st.text("0123456789:x", max_size=12))
def test_any_text_is_a_ratio_on_offer_or_refused(text: str) -> None:
    try:
        ratio = canonical_ratio(text)
    except Invalid:
        ratio = None
    assert ratio in (*RATIOS, None)
