"""Raw query strings: what is decoded, what waits for the validation, and keys in a URL."""

import pytest

from core.errors import KeyInUrl
from edge.live_query import live_query
from edge.query import parse_parameters

API_KEY = b"bnt_" + b"0123456789abcdef" * 4


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
    assert live_query(parse_parameters(query)).request.prompt


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
