"""Sizes, shapes and formats in a URL: what is understood, and what is refused with which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FieldError, Invalid
from core.variants import FITS, FORMATS, Wish
from edge.query import parse_parameters
from edge.wish_query import WISH_PARAMETERS, image_wish


def wished(query: bytes) -> Wish:
    return image_wish(parse_parameters(query))


def refused(query: bytes) -> tuple[FieldError, ...]:
    with pytest.raises(Invalid) as refusal:
        wished(query)
    return refusal.value.fields


def blamed(query: bytes) -> dict[str, str]:
    fields = refused(query)
    by_name = {field.name: field.code for field in fields}
    assert len(by_name) == len(fields)
    return by_name


def test_nothing_said_is_the_master() -> None:
    for query in (b"", b"dpr=2", b"fit=inside&dpr=3", b"fp-x=0.1&fp-y=0.9", b"utm_source=x&_=1"):
        assert wished(query).plain
    assert wished(b"") == Wish()


@pytest.mark.parametrize("query", [b"w=1", b"h=1", b"q=80", b"fm=auto"])
def test_each_of_these_alone_asks_for_something_else(query: bytes) -> None:
    assert not wished(query).plain


def test_every_parameter_is_understood() -> None:
    query = b"w=640&h=100000&dpr=1.5&fit=contain&q=100&fm=avif&fp-x=0.25&fp-y=1&kid=a&exp=1&sig=b"
    assert wished(query) == Wish(
        width=640,
        height=100_000,
        density=1.5,
        fit="contain",
        quality=100,
        format="avif",
        focal=(0.25, 1.0),
    )


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("kind", FORMATS)
def test_every_fit_and_format_is_known(fit: str, kind: str) -> None:
    wish = wished(f"fit={fit}&fm={kind}".encode())
    assert (wish.fit, wish.format) == (fit, kind)


@pytest.mark.parametrize("density", [b"1", b"1.0", b"1.25", b"2.63", b"3", b"3.00"])
def test_a_density_has_at_most_two_decimals(density: bytes) -> None:
    assert wished(b"w=1&dpr=" + density).density == float(density)


@pytest.mark.parametrize("share", [b"0", b"1", b"0.5", b".5", b"1.0", b"0.33333333333333331"])
def test_a_focal_point_is_in_shares(share: bytes) -> None:
    assert wished(b"fp-x=" + share + b"&fp-y=0").focal == (float(share), 0.0)


@pytest.mark.parametrize(
    "given",
    [b"", b"0", b"000", b"-1", b"+5", b"1.5", b"1e3", b"100001", b"9" * 5000, b"\xd9\xa1", b"auto"],
)
@pytest.mark.parametrize(
    ("name", "code"), [("w", "WIDTH_INVALID"), ("h", "HEIGHT_INVALID"), ("q", "QUALITY_INVALID")]
)
def test_a_number_that_is_none_is_refused(name: str, code: str, given: bytes) -> None:
    assert blamed(name.encode() + b"=" + given) == {name: code}


def test_a_quality_ends_at_a_hundred() -> None:
    assert blamed(b"q=101") == {"q": "QUALITY_INVALID"}


@pytest.mark.parametrize("given", ["", "0", "0.99", "3.01", "4", "1.234", "2x", "-1", "1.", "02"])
def test_a_density_out_of_bounds_is_refused(given: str) -> None:
    assert blamed(f"dpr={given}".encode()) == {"dpr": "DPR_INVALID"}


@pytest.mark.parametrize("given", ["", "1.1", "1.0001", "2", "-0", "0.5.5", "50%25", "0,5", "1e-1"])
def test_a_focal_point_out_of_bounds_is_refused(given: str) -> None:
    assert blamed(f"fp-x={given}&fp-y=0.5".encode()) == {"fp-x": "FOCAL_POINT_INVALID"}
    assert blamed(f"fp-x=0.5&fp-y={given}".encode()) == {"fp-y": "FOCAL_POINT_INVALID"}


def test_half_a_focal_point_is_none() -> None:
    assert blamed(b"fp-x=0.5") == {"fp-y": "FOCAL_POINT_INVALID"}
    assert blamed(b"fp-y=0.5") == {"fp-x": "FOCAL_POINT_INVALID"}
    assert blamed(b"fp-y=5") == dict.fromkeys(("fp-x", "fp-y"), "FOCAL_POINT_INVALID")


@pytest.mark.parametrize(
    ("query", "code", "suggestion"),
    [
        (b"fm=jpg", "FORMAT_UNSUPPORTED", "jpeg"),
        (b"fm=JPEG", "FORMAT_UNSUPPORTED", "jpeg"),
        (b"fm=wepb", "FORMAT_UNSUPPORTED", "webp"),
        (b"fm=gif", "FORMAT_UNSUPPORTED", None),
        (b"fm=", "FORMAT_UNSUPPORTED", None),
        (b"fit=crop", "FIT_UNSUPPORTED", "cover"),
        (b"fit=Cover", "FIT_UNSUPPORTED", "cover"),
        (b"fit=scale-down", "FIT_UNSUPPORTED", "inside"),
        (b"fit=pad", "FIT_UNSUPPORTED", "contain"),
        (b"fit=", "FIT_UNSUPPORTED", None),
    ],
)
def test_a_word_that_is_none_is_answered_with_the_nearest(
    query: bytes, code: str, suggestion: str | None
) -> None:
    (field,) = refused(query)
    assert (field.code, field.suggestion) == (code, suggestion)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("width", "w"),
        ("WIDTH", "w"),
        ("widht", "w"),
        ("W", "w"),
        ("height", "h"),
        ("heigth", "h"),
        ("format", "fm"),
        ("quality", "q"),
        ("qualtiy", "q"),
        ("fpx", "fp-x"),
        ("fp_y", "fp-y"),
        ("focal-x", "fp-x"),
        ("DPR", "dpr"),
        ("density", "dpr"),
        ("fits", "fit"),
        ("zzzz", None),
    ],
)
def test_what_others_call_it_is_answered_with_our_name(name: str, nearest: str | None) -> None:
    (field,) = refused(f"{name}=1".encode())
    assert (field.name, field.code, field.suggestion) == (name, "UNKNOWN_PARAMETER", nearest)
    assert "fp-x" in field.message


def test_all_bad_fields_are_named_at_once() -> None:
    query = b"w=0&h=x&dpr=9&fit=round&q=0&fm=bmp&fp-x=2&fp-y=3&width=1&w2=%zz&exp=%ff"
    assert blamed(query) == {
        "w": "WIDTH_INVALID",
        "h": "HEIGHT_INVALID",
        "dpr": "DPR_INVALID",
        "fit": "FIT_UNSUPPORTED",
        "q": "QUALITY_INVALID",
        "fm": "FORMAT_UNSUPPORTED",
        "fp-x": "FOCAL_POINT_INVALID",
        "fp-y": "FOCAL_POINT_INVALID",
        "width": "UNKNOWN_PARAMETER",
        "w2": "INVALID_PERCENT_ENCODING",
        "exp": "INVALID_ENCODING",
    }


def test_a_duplicate_is_named_once() -> None:
    assert blamed(b"w=1&w=2") == {"w": "DUPLICATE_PARAMETER"}
    assert blamed(b"fp-x=0&fp-y=0&fp-y=0") == {"fp-y": "DUPLICATE_PARAMETER"}


def test_no_value_comes_back() -> None:
    for name in WISH_PARAMETERS:
        for field in refused(f"{name}=canary7f3a".encode()):
            assert "canary7f3a" not in repr(field)


@given(st.dictionaries(st.sampled_from(WISH_PARAMETERS), st.text("0159.-xjpeg", max_size=9)))
def test_whatever_is_given_is_a_wish_in_bounds_or_a_refusal(given: dict[str, str]) -> None:
    query = "&".join(f"{name}={value}" for name, value in given.items())
    try:
        wish = wished(query.encode())
    except Invalid:
        return
    for side in (wish.width, wish.height):
        assert side is None or 1 <= side <= 100_000
    assert 1 <= wish.density <= 3
    assert wish.focal is None or all(0 <= share <= 1 for share in wish.focal)
