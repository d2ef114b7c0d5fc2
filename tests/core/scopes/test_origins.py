"""Web origins in the one form browsers send."""

import pytest

from core.errors import Invalid
from core.scopes.origins import canonical_origin


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("https://shop.example.com", "https://shop.example.com"),
        ("HTTPS://Shop.Example.COM/", "https://shop.example.com"),
        ("https://shop.example.com:443", "https://shop.example.com"),
        ("http://shop.example.com:80/", "http://shop.example.com"),
        ("http://shop.example.com:443", "http://shop.example.com:443"),
        ("http://localhost:03000", "http://localhost:3000"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[0:0::1]:3000", "http://[::1]:3000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://under_score.example", "http://under_score.example"),
    ],
)
def test_an_origin_has_one_form(given: str, canonical: str) -> None:
    assert canonical_origin(given) == canonical
    assert canonical_origin(canonical) == canonical


@pytest.mark.parametrize(
    "given",
    [
        *("", "null", "*", "shop.example.com", "https://", "https:///", "https://*.example.com"),
        *("https://shop.example.com/path", "https://shop.example.com//", "https://a.example?x"),
        *("https://user@shop.example.com", "ftp://shop.example.com", "javascript://a.example"),
        *("https://shop.example.com:", "https://shop.example.com:99999", "https://a.example:x"),
        *("https://bücher.example", "https://a..example", "https://.example", "https://-a.example"),
        *("http://[::1", "http://[nonsense]", "http://::1", " https://a.example", "https://a.b\n"),
        "https://" + "a" * 64 + ".example",
        "https://" + ".".join(["a" * 60] * 5),
    ],
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(Invalid) as refused:
        canonical_origin(given)
    (field,) = refused.value.fields
    assert (field.name, field.code) == ("allowedOrigins", "ORIGIN_INVALID")
