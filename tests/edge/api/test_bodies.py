"""JSON bodies: what is read, what is refused, and that every mistake is named at once."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field
from starlette.requests import Request

from core.errors import FieldError, Invalid
from edge.api.bodies import (
    BODY_BYTES,
    Body,
    BodyTooLarge,
    Meta,
    WrongBodyType,
    body_of,
    canonical,
    checked,
)
from edge.api.strict_json import strict_json

JSON = {"content-type": "application/json"}


def shouted(text: Any) -> str:
    if text != str(text).upper():
        raise Invalid(fields=[FieldError("ignored", "NOT_LOUD", "Use {capitals}.")])
    return str(text)


class Inner(Body):
    loud_word: Annotated[str, checked(shouted)] = "A"


class Sample(Body):
    some_name: str
    count: Annotated[int, Field(ge=0)] = 0
    inner: Inner | None = None
    many: dict[str, int] = Field(default_factory=dict)
    meta: Meta = Field(default_factory=dict)


class Optional(Body):
    some_name: str | None = None


def request(body: bytes | list[bytes] = b"", headers: dict[str, str] | None = None) -> Request:
    """A request whose body arrives in these pieces."""
    pieces = [body] if isinstance(body, bytes) else list(body)

    async def receive() -> Any:
        if not pieces:
            pytest.fail("read beyond the end")
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    lines = (JSON if headers is None else headers).items()
    raw = [(name.encode(), value.encode()) for name, value in lines]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


async def problems(body: bytes, model: type[Body] = Sample) -> list[tuple[str, str, str | None]]:
    with pytest.raises(Invalid) as refusal:
        await body_of(request(body), model)
    return [(field.name, field.code, field.suggestion) for field in refusal.value.fields]


async def test_a_body_is_read_in_camel_case() -> None:
    body = await body_of(request(b'{"someName":"x","inner":{"loudWord":"B"},"count":2}'), Sample)
    assert (body.some_name, body.count) == ("x", 2)
    assert body.inner is not None
    assert body.inner.loud_word == "B"
    assert body.gave("count")
    assert not body.gave("many")


async def test_every_bad_field_is_named_with_the_nearest_known_one() -> None:
    body = (
        b'{"somename":"x","count":"1","inner":{"loudWord":"b","loudword":"B"},'
        b'"many":{"a":"1"},"meta":[],"<b>":1}'
    )
    assert sorted(await problems(body)) == [
        ("body", "UNKNOWN_FIELD", None),
        ("count", "TYPE_INVALID", None),
        ("inner.loudWord", "NOT_LOUD", None),
        ("inner.loudword", "UNKNOWN_FIELD", "loudWord"),
        ("many.a", "TYPE_INVALID", None),
        ("meta", "TYPE_INVALID", None),
        ("someName", "FIELD_MISSING", None),
        ("somename", "UNKNOWN_FIELD", "someName"),
    ]


async def test_no_value_comes_back() -> None:
    secret = "bnt_0123456789"
    body = orjson.dumps({"someName": [secret], "count": secret, "inner": {"loudWord": "s"}})
    with pytest.raises(Invalid) as refusal:
        await body_of(request(body), Sample)
    assert secret not in str(refusal.value.fields)
    assert "Use {capitals}." in [field.message for field in refusal.value.fields]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{} {}",
        b"\xef\xbb\xbf{}",
        b'{"someName":"x","count":NaN}',
        b'{"someName":"x","count":1e999}',
        b'{"someName":"\xff"}',
        b'{"someName":"\\ud800"}',
        b"someName=x",
    ],
)
async def test_what_is_no_strict_json_is_refused(body: bytes) -> None:
    assert await problems(body) == [("body", "JSON_INVALID", None)]


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"null"])
async def test_a_body_is_an_object(body: bytes) -> None:
    assert await problems(body) == [("body", "TYPE_INVALID", None)]


@pytest.mark.parametrize("place", [b'"someName":"a\\u0000"', b'"meta":{"a\\u0000":1}'])
async def test_nul_is_no_character(place: bytes) -> None:
    assert await problems(b"{" + place + b"}") == [("body", "CONTROL_CHARACTER", None)]


async def test_depth_is_bounded() -> None:
    def nested(levels: int) -> bytes:
        return b'{"someName":"x","meta":' + b'{"a":' * levels + b"{}" + b"}" * levels + b"}"

    await body_of(request(nested(31)), Sample)
    assert await problems(nested(32)) == [("body", "JSON_TOO_DEEP", None)]
    assert await problems(nested(10_000)) == [("body", "JSON_INVALID", None)]


async def test_meta_is_bounded_by_what_is_stored() -> None:
    def meta(size: int) -> bytes:
        return orjson.dumps({"someName": "x", "meta": {"a": "x" * size}})

    await body_of(request(meta(16_384 - 8)), Sample)
    assert await problems(meta(16_384 - 7)) == [("meta", "META_TOO_LARGE", None)]


async def test_no_body_is_an_empty_object() -> None:
    for headers in ({}, JSON):
        assert (await body_of(request(b"", headers), Optional)).some_name is None


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/json ;x=y"]
)
async def test_json_may_be_spelled_as_one_likes(kind: str) -> None:
    await body_of(request(b"{}", {"content-type": kind}), Optional)


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", ""])
async def test_any_other_type_is_refused_with_the_right_one(kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    with pytest.raises(WrongBodyType) as refusal:
        await body_of(request(b"{}", headers), Optional)
    assert refusal.value.headers == ((b"accept-post", b"application/json"),)


async def test_a_body_is_cut_off_at_the_limit() -> None:
    def padded(size: int) -> bytes:
        return b"{}" + b" " * (size - 2)

    await body_of(request(padded(BODY_BYTES)), Optional)
    with pytest.raises(BodyTooLarge) as refusal:
        await body_of(request([padded(BODY_BYTES), b" "]), Optional)
    assert refusal.value.headers == ((b"connection", b"close"),)
    with pytest.raises(BodyTooLarge):
        await body_of(request([], JSON | {"content-length": "262145"}), Optional)


async def test_the_rest_of_a_body_that_is_too_large_stays_unread() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield bytes(65_536)

    source = endless()

    async def receive() -> Any:
        return {"type": "http.request", "body": await anext(source), "more_body": True}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    with pytest.raises(BodyTooLarge):
        await body_of(Request(scope, receive), Optional)
    assert read == 5


async def test_the_meaning_of_a_body_does_not_depend_on_its_spelling() -> None:
    one = await body_of(request(b'{"someName":"x", "count":1}'), Sample)
    two = await body_of(request(b'{"count":1,"someName":"\\u0078"}'), Sample)
    three = await body_of(request(b'{"someName":"x","count":2}'), Sample)
    assert canonical(one) == canonical(two) != canonical(three)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_in_any_other_way(raw: bytes) -> None:
    with suppress(Invalid):
        strict_json(raw, "body")
