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
from edge.live_query import asked_ratio, live_request
from edge.query import parse_parameters

VECTORS = Path(__file__).parents[1] / "vectors"
ACCEPTED = json.loads((VECTORS / "prompts.json").read_text("utf-8"))["accepted"]
REFUSED = json.loads((VECTORS / "queries.json").read_text("utf-8"))["refused"]
PLAIN = LiveRequest("a red lighthouse", "1:1")
API_KEY = b"bnt_" + b"0123456789abcdef" * 4


def understood(query: bytes) -> LiveRequest:
    request, _ = live_request(parse_parameters(query))
    return request


def refused(query: bytes) -> tuple[FieldError, ...]:
    with pytest.raises(Invalid) as refusal:
        live_request(parse_parameters(query))
    return refusal.value.fields


def blamed(query: bytes) -> dict[str, str]:
    fields = refused(query)
    by_name = {field.name: field.code for field in fields}
    assert len(by_name) == len(fields)
    return by_name


def test_a_prompt_is_enough() -> None:
    request, wait = live_request(parse_parameters(b"prompt=a+red+lighthouse"))
    assert request == PLAIN
    assert wait == 55


def test_every_parameter_is_understood() -> None:
    query = (
        b"prompt=a%20red%20lighthouse&aspectRatio=16%3A9&seed=2147483647&wait=0"
        b"&model=black-forest-labs/flux-schnell&autoEnhance=true&template=comic"
        b"&kid=k&exp=1&sig=s"
    )
    assert live_request(parse_parameters(query)) == (
        LiveRequest(
            prompt="a red lighthouse",
            ratio="16:9",
            seed=2147483647,
            model="black-forest-labs/flux-schnell",
            auto_enhance=True,
            template="comic",
        ),
        0,
    )


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
    query = b"aspectratio=16:9&ar=wide&seed=x&wait=99&autoEnhance=no&template=manga&model=&exp=%zz"
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


@pytest.mark.parametrize(
    "query",
    [
        *(
            f"prompt=a&{name}=x".encode()
            for name in ("api_key", "apikey", "apiKey", "api-key", "key", "KEY", "X-API-Key")
        ),
        *(b"prompt=a&" + name + b"=x" for name in (b"access_token", b"token", b"authorization")),
        b"key",
        b"%6bey=x",
        b"prompt=" + API_KEY,
        b"prompt=a&zzz=" + API_KEY.upper().replace(b"BNT", b"bnt"),
        b"prompt=a&sig=" + API_KEY,
        b"prompt=a&_=" + API_KEY,
        b"utm_source=x%62nt_" + API_KEY[4:],
        API_KEY + b"=1",
        b"prompt=%ff&prompt=%zz&" + API_KEY,
        b"&" * 5000 + b"api_key=x",
    ],
)
def test_a_key_in_the_url_is_found_before_anything_else(query: bytes) -> None:
    with pytest.raises(KeyInUrl):
        parse_parameters(query)


@pytest.mark.parametrize(
    "query",
    [b"prompt=a+key+on+a+table", b"prompt=salt%26key=pepper", b"prompt=bnt_0123", b"prompt=token"],
)
def test_a_prompt_about_keys_is_no_key(query: bytes) -> None:
    assert understood(query).prompt


def test_a_signature_sees_decoded_values_without_tracking() -> None:
    parameters = parse_parameters(b"ar=16%3A9&prompt=+a+%26+b&utm_x=1&kid=k&exp=9&sig=s&w=7")
    assert dict(parameters.decoded) == {
        "ar": "16:9",
        "prompt": " a & b",
        "kid": "k",
        "exp": "9",
        "sig": "s",
        "w": "7",
    }
    assert parameters.problems == ()


@pytest.mark.parametrize("name", [b"kid", b"exp", b"sig"])
def test_any_part_of_a_signature_makes_a_url_a_signed_one(name: bytes) -> None:
    assert parse_parameters(b"prompt=a&" + name + b"=").signed
    assert not parse_parameters(b"prompt=a").signed


def test_what_cannot_be_decoded_waits_for_the_validation() -> None:
    parameters = parse_parameters(b"prompt=%ff&sig=s")
    assert parameters.signed
    assert [problem.code for problem in parameters.problems] == ["INVALID_ENCODING"]


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
        request, wait = live_request(parse_parameters(query))
    except (Invalid, KeyInUrl):
        return
    assert request.prompt == normalise(request.prompt)
    assert request.ratio in RATIOS
    assert 0 <= wait <= 55
