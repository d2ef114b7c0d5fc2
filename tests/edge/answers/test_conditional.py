"""Validators and parts: what is not sent again, and what is sent in pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.answers.conditional import Conditions, Part, Selection, conditions_of, select
from edge.answers.freshness import Policy
from edge.answers.responses import RangeNotSatisfiable
from tests.edge.answers.picture_answers import (
    BODY,
    CREATED,
    DIGEST,
    ETAG,
    KEYED,
    MODIFIED,
    NO_CONDITIONS,
    PRIVATE,
    PUBLIC,
    answer,
    shown,
)


@pytest.mark.parametrize(
    "value",
    [ETAG, f"W/{ETAG}", "*", f'"a", {ETAG}', f'"a,b" ,, W/"c",\t{ETAG} ,', f'{ETAG},"x"'],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_picture_the_caller_has_is_not_sent_again(value: str, method: str) -> None:
    same = answer(
        Conditions(if_none_match=value, if_modified_since="x", range="bytes=0-1"), method=method
    )
    assert (same.status, same.body) == (304, b"")
    headers, whole = shown(same), shown(answer())
    assert not {"content-type", "content-length", "content-range"} & headers.keys()
    for name in ("etag", "last-modified", "cache-control", "cdn-cache-control", "cache-status"):
        assert headers[name] == whole[name]
    assert {"cache-tag", "surrogate-key", "cross-origin-resource-policy"} <= headers.keys()
    assert headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "value", ['"other"', DIGEST, f'{ETAG} "x"', f"{ETAG[:-1]}", "", ",", "w/" + ETAG, '"a" *', "**"]
)
def test_other_tags_and_malformed_ones_get_the_picture(value: str) -> None:
    # A valid date beside it does not count: the tag was asked for.
    assert answer(Conditions(if_none_match=value, if_modified_since=MODIFIED)).status == 200


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (MODIFIED, 304),
        ("Thu, 10 Sep 2026 00:26:41 GMT", 304),
        ("Thu, 10 Sep 2026 00:26:39 GMT", 200),
        ("Thursday, 10-Sep-26 00:26:40 GMT", 304),
        ("Thu Sep 10 00:26:40 2026", 304),
        ("yesterday", 200),
        ("2026-09-11", 200),
        ("Thu, 99 Sep 2026 00:26:40 GMT", 200),
        ("", 200),
    ],
)
def test_a_date_counts_only_where_it_is_one(value: str, status: int) -> None:
    assert answer(Conditions(if_modified_since=value)).status == status


@pytest.mark.parametrize(
    ("value", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 1024),
        ("bytes=10-19", 10, 20),
        ("BYTES= 10-19 ", 10, 20),
        ("bytes=,10-19,", 10, 20),
        ("bytes=1000-99999999999999999999999", 1000, 1024),
        ("bytes=-1", 1023, 1024),
        ("bytes=-5000", 0, 1024),
        ("bytes=" + "0" * 6_000 + "7-8", 7, 9),
    ],
)
def test_one_range_gets_its_part(value: str, start: int, stop: int) -> None:
    part = answer(Conditions(range=value))
    assert (part.status, part.body) == (206, BODY[start:stop])
    headers = shown(part)
    assert headers.pop("content-range") == f"bytes {start}-{stop - 1}/1024"
    assert headers.pop("content-length") == str(stop - start)
    whole = shown(answer())
    del whole["content-length"]
    assert headers == whole


@pytest.mark.parametrize(
    "value",
    [
        "bytes=abc",
        "lines=1-2",
        "bytes=",
        "bytes=-",
        "bytes=5-1",
        "bytes=1-2-3",
        "bytes=--1",
        "bytes=1-2,5-6",
        "bytes=99999999-,0-1",
        "bytes=²-",
        "bytes 0-1",
        "0-1",
        "",
    ],
)
def test_what_is_no_single_range_gets_the_whole(value: str) -> None:
    assert (answer(Conditions(range=value)).status, answer(Conditions(range=value)).body) == (
        200,
        BODY,
    )


@pytest.mark.parametrize(
    "value", ["bytes=1024-", "bytes=99999999-", "bytes=-0", "bytes=" + "9" * 6_000 + "-"]
)
def test_a_range_beyond_the_end_is_an_error_that_tells_the_length(value: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        answer(Conditions(range=value))
    assert caught.value.status == 416
    assert (b"content-range", b"bytes */1024") in caught.value.headers


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (ETAG, 206),
        (f"W/{ETAG}", 200),
        ('"other"', 200),
        (MODIFIED, 206),
        ("Thu, 10 Sep 2026 00:26:41 GMT", 200),
        ("nonsense", 200),
    ],
)
def test_if_range_wants_the_very_same_picture(value: str, status: int) -> None:
    assert answer(Conditions(range="bytes=0-9", if_range=value)).status == status


@pytest.mark.parametrize("policy", [PUBLIC, KEYED, PRIVATE])
@pytest.mark.parametrize("asked", [None, "bytes=0-9", "bytes=99999-"])
def test_head_has_the_headers_of_get_and_no_body(policy: Policy, asked: str | None) -> None:
    head = answer(Conditions(range=asked), method="HEAD", policy=policy)
    assert (head.status, head.body) == (200, b"")
    assert shown(head) == shown(answer(policy=policy))


@given(field=st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_validator_and_no_range_is_ever_an_error_of_ours(field: str) -> None:
    values = {"if_none_match": field, "if_modified_since": field, "range": f"bytes={field}"}
    for name, value in values.items():
        conditions = Conditions(**{name: value, "if_range": field if name == "range" else None})
        chosen = select("GET", conditions, etag=ETAG, modified=CREATED, length=1024)
        if isinstance(chosen, Part):
            assert 0 <= chosen.start < chosen.stop <= 1024
        else:
            assert chosen in Selection


def test_conditions_are_read_from_raw_headers_and_repeated_ones_are_joined() -> None:
    raw = [
        (b"if-none-match", b'"a"'),
        (b"accept", b"*/*"),
        (b"if-none-match", b'"\xe9"'),
        (b"range", b"bytes=0-1"),
    ]
    assert conditions_of(raw) == Conditions(if_none_match='"a", "\xe9"', range="bytes=0-1")
    assert conditions_of([]) == NO_CONDITIONS
