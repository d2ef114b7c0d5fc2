"""Queries of the live endpoint: what is understood, and what is refused with which words."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FieldError, Invalid, KeyInUrl
from core.live_request import TEMPLATES, LiveRequest
from core.prompt import normalise
from core.ratio import RATIOS
from core.variants import Wish
from edge.live_query import LiveQuery, asked_ratio, live_query
from edge.query import parse_parameters

VECTORS = Path(__file__).parents[1] / "vectors"
ACCEPTED = json.loads((VECTORS / "prompts.json").read_text("utf-8"))["accepted"]
REFUSED = json.loads((VECTORS / "queries.json").read_text("utf-8"))["refused"]
PLAIN = LiveRequest("a red lighthouse", "1:1")


def understood(query: bytes) -> LiveRequest:
    return live_query(parse_parameters(query)).request


def refused(query: bytes) -> tuple[FieldError, ...]:
    with pytest.raises(Invalid) as refusal:
        live_query(parse_parameters(query))
    return refusal.value.fields


def blamed(query: bytes) -> dict[str, str]:
    fields = refused(query)
    by_name = {field.name: field.code for field in fields}
    assert len(by_name) == len(fields)
    return by_name


def test_a_prompt_is_enough() -> None:
    asked = live_query(parse_parameters(b"prompt=a+red+lighthouse"))
    assert asked == LiveQuery(PLAIN, Wish(), wait=55)
    assert asked.wish.plain


def test_every_parameter_is_understood() -> None:
    query = (
        b"prompt=a%20red%20lighthouse&aspectRatio=16%3A9&seed=2147483647&wait=0"
        b"&model=black-forest-labs/flux-schnell&autoEnhance=true&template=comic"
        b"&w=320&h=200&dpr=2.5&fit=inside&q=70&fm=webp&fp-x=.25&fp-y=0.75"
        b"&kid=k&exp=1&sig=s"
    )
    assert live_query(parse_parameters(query)) == LiveQuery(
        LiveRequest(
            prompt="a red lighthouse",
            ratio="16:9",
            seed=2147483647,
            model="black-forest-labs/flux-schnell",
            auto_enhance=True,
            template="comic",
        ),
        Wish(320, 200, 2.5, "inside", 70, "webp", (0.25, 0.75)),
        wait=0,
    )


def test_the_size_and_format_are_no_part_of_the_picture() -> None:
    wished = b"prompt=a+red+lighthouse&w=1&h=2&dpr=3&fit=contain&q=5&fm=png&fp-x=0&fp-y=1"
    assert understood(wished) == PLAIN


@pytest.mark.parametrize(
    "query",
    [
        b"prompt=a%20red%20lighthouse",
        b"prompt=++a+red%09++lighthouse+",
        b"prompt=a+red+%E2%80%8Blighthouse%0A",
        b"%70rompt=a+red+lighthouse",
        b"&&prompt=a+red+lighthouse&",
        b"prompt=a+red+lighthouse&aspectRatio=1:1",
        b"prompt=a+red+lighthouse&ar=1024x1024",
        b"prompt=a+red+lighthouse&autoEnhance=false",
        b"prompt=a+red+lighthouse&wait=5",
        b"utm_source=mail&prompt=a+red+lighthouse&fbclid=1&gclid=%ff&_=%zz&_=2",
        b"prompt64=YSByZWQgbGlnaHRob3VzZQ",
        b"prompt64=YSByZWQgbGlnaHRob3VzZQ==",
        b"prompt64=YSByZWQgbGlnaHRob3VzZQ%3D%3D",
    ],
)
def test_spellings_of_one_request_are_one_request(query: bytes) -> None:
    assert understood(query) == PLAIN


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case["name"])
def test_a_published_prompt_survives_the_url(case: dict[str, str]) -> None:
    raw = case["given"].encode()
    for value in (quote(raw).encode(), quote_plus(raw).encode()):
        assert understood(b"prompt=" + value).prompt == case["normalised"]


def test_raw_utf8_means_its_percent_encoded_form() -> None:
    raw = "prompt=грузовик+👨‍👩‍👧".encode()
    assert understood(raw) == understood(quote(raw, safe="=+").encode())


@pytest.mark.parametrize("spelling", [b"16:9", b"16%3A9", b"16%3a9", b"16x9", b"1920:1080"])
@pytest.mark.parametrize("name", [b"ar", b"aspectRatio"])
def test_a_ratio_is_one_ratio_however_it_is_written(name: bytes, spelling: bytes) -> None:
    assert understood(b"prompt=a&" + name + b"=" + spelling).ratio == "16:9"


def test_an_enhanced_request_has_a_template_even_when_none_was_named() -> None:
    assert understood(b"prompt=a&autoEnhance=true").template == "general"
    for template in TEMPLATES:
        query = f"prompt=a&autoEnhance=true&template={template}"
        assert understood(query.encode()).template == template


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: ascii(case["query"][:40]))
def test_a_bad_query_is_refused_with_the_published_codes(case: dict[str, Any]) -> None:
    assert blamed(case["query"].encode("latin-1")) == case["problems"]


def test_a_flood_is_refused_without_being_read() -> None:
    assert blamed(b"&".join([b"a=1"] * 5000)) == {"query": "TOO_MANY_PARAMETERS"}
    assert blamed(b"prompt=a&seed=" + b"9" * 5000) == {"seed": "SEED_INVALID"}


def test_thirty_two_parameters_are_read() -> None:
    assert understood(b"prompt=a+red+lighthouse" + b"&_=1" * 31) == PLAIN


def test_all_bad_fields_are_named_at_once() -> None:
    query = (
        b"aspectratio=16:9&ar=wide&seed=x&wait=99&autoEnhance=no&template=manga&model=&exp=%zz"
        b"&width=3&w=0&h=0&dpr=0&fit=&q=0&fm=jpg&fp-x=2"
    )
    assert blamed(query) == {
        "prompt": "PROMPT_MISSING",
        "aspectratio": "UNKNOWN_PARAMETER",
        "aspectRatio": "ASPECT_RATIO_UNSUPPORTED",
        "seed": "SEED_INVALID",
        "wait": "WAIT_INVALID",
        "autoEnhance": "AUTO_ENHANCE_INVALID",
        "template": "TEMPLATE_UNSUPPORTED",
        "model": "MODEL_INVALID",
        "exp": "INVALID_PERCENT_ENCODING",
        "width": "UNKNOWN_PARAMETER",
        "w": "WIDTH_INVALID",
        "h": "HEIGHT_INVALID",
        "dpr": "DPR_INVALID",
        "fit": "FIT_UNSUPPORTED",
        "q": "QUALITY_INVALID",
        "fm": "FORMAT_UNSUPPORTED",
        "fp-x": "FOCAL_POINT_INVALID",
        "fp-y": "FOCAL_POINT_INVALID",
    }


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("aspectratio", "aspectRatio"),
        ("aspect_ratio", "aspectRatio"),
        ("aspect-ratio", "aspectRatio"),
        ("AspectRatio", "aspectRatio"),
        ("ratio", "aspectRatio"),
        ("Prompt", "prompt"),
        ("promt", "prompt"),
        ("prompts", "prompt"),
        ("auto_enhance", "autoEnhance"),
        ("enhance", "autoEnhance"),
        ("seeds", "seed"),
        ("templ", "template"),
        ("width", "w"),
        ("height", "h"),
        ("format", "fm"),
        ("quality", "q"),
        ("zzzz", None),
    ],
)
def test_an_unknown_parameter_is_answered_with_the_nearest_one(
    name: str, nearest: str | None
) -> None:
    (field,) = refused(f"prompt=a&{name}=16:9".encode())
    assert (field.name, field.code, field.suggestion) == (name, "UNKNOWN_PARAMETER", nearest)
    assert "aspectRatio" in field.message


def test_a_misspelt_template_is_answered_with_the_nearest_one() -> None:
    (field,) = refused(b"prompt=a&autoEnhance=true&template=photo-realistic")
    assert field.suggestion == "photorealistic"


SECRET = "canary7f3a"


@pytest.mark.parametrize(
    "template",
    [
        "prompt={}%00",
        "prompt={}%ff",
        "prompt={}%zz",
        "prompt64={}!",
        "prompt=a&seed={}",
        "prompt=a&wait={}",
        "prompt=a&model=/{}",
        "prompt=a&autoEnhance={}",
        "prompt=a&autoEnhance=true&template={}",
        "prompt=a&ar={}",
        "prompt=a&w={}",
        "prompt=a&{}%0d%0aX-Evil:1=1",
        "prompt=a&<{}>=1",
        "prompt={0}&prompt={0}",
    ],
)
def test_no_value_comes_back_in_an_error(template: str) -> None:
    for field in refused(template.format(SECRET).encode()):
        assert SECRET not in repr(field)


@pytest.mark.parametrize(
    ("query", "ratio"),
    [
        (b"prompt=%ff&aspectRatio=16:9", "16:9"),
        (b"ar=1920x1080", "16:9"),
        (b"ar=3%3A2&seed=x", "3:2"),
        (b"prompt=a", "1:1"),
        (b"ar=17:9", "1:1"),
        (b"ar=%ff", "1:1"),
        (b"ar=%d9%a1:1", "1:1"),
        (b"ar", "1:1"),
        (b"&" * 5000 + b"ar=16:9", "1:1"),
        (b"", "1:1"),
    ],
)
def test_an_error_card_has_the_asked_ratio_unless_that_is_what_is_wrong(
    query: bytes, ratio: str
) -> None:
    assert asked_ratio(query) == ratio


@given(st.binary(max_size=200) | st.text("promt64=&%ar:x+1_", max_size=60).map(str.encode))
def test_no_bytes_crash_the_reading(query: bytes) -> None:
    assert asked_ratio(query) in RATIOS
    try:
        asked = live_query(parse_parameters(query))
    except (Invalid, KeyInUrl):
        return
    assert asked.request.prompt == normalise(asked.request.prompt)
    assert asked.request.ratio in RATIOS
    assert 0 <= asked.wait <= 55
