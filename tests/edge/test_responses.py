"""The answers about pictures: validators, parts, freshness, and who may read them."""

import hashlib
from base64 import b64encode
from typing import Any

import http_sf
import pytest
from httplint import HttpRequestLinter, HttpResponseLinter
from httplint.note import levels
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from core.models import Picture
from edge.acceptance import is_image_client, wants_problem
from edge.answer import Answer
from edge.conditional import Conditions, Part, Selection, conditions_of, select
from edge.freshness import Policy, freshness
from edge.responses import (
    How,
    RangeNotSatisfiable,
    absent_answer,
    pending_answer,
    picture_answer,
    preflight_answer,
    prepare,
)

BODY = bytes(range(256)) * 4
DIGEST = hashlib.sha256(BODY).hexdigest()
ETAG = f'"sha256-{DIGEST[:32]}"'
NOW = 1_790_000_000
CREATED = 1_789_000_000
MODIFIED = "Thu, 10 Sep 2026 00:26:40 GMT"
SLOT = "0123456789abcdef0123456789abcdef"
PUBLIC = Policy(project="main/site", public=True, cors_public=True)
KEYED = Policy(project="main/site", public=False, cors_public=True)
PRIVATE = Policy(project="main/vault", public=False, cors_public=False)
NO_CONDITIONS = Conditions()
SHARED = "public, max-age=86400, stale-while-revalidate=604800, stale-if-error=2592000"
SHARED_BY_CDN = "max-age=31536000, stale-while-revalidate=604800, stale-if-error=2592000"
UNCACHEABLE = {
    "cache-control": "private, no-store",
    "cdn-cache-control": "no-store",
    "x-accel-expires": "0",
}


def picture(**changes: Any) -> Picture:
    facts: dict[str, Any] = {
        "body": BODY,
        "mime_type": "image/png",
        "digest": DIGEST,
        "created_at": CREATED,
        "image_id": "0199-image",
        "generator": "replicate",
        "thumb_hash": "AbC+/w==",
        "width": 1024,
        "height": 1024,
        "slot": SLOT,
        "stand_in": False,
    }
    return Picture(**(facts | changes))


def answer(
    conditions: Conditions = NO_CONDITIONS,
    *,
    method: str = "GET",
    policy: Policy = PUBLIC,
    how: How = "hit",
    stored: bool = True,
    **changes: Any,
) -> Answer:
    prepared = prepare(picture(**changes), policy, how, stored=stored, now=NOW)
    return picture_answer(prepared, method, conditions)


def shown(answered: Answer) -> dict[str, str]:
    """The headers by name; every name at most once, all of them lower case."""
    names = [name for name, _ in answered.raw_headers]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)
    return {name.decode(): value.decode() for name, value in answered.raw_headers}


def test_a_hit_describes_its_bytes_completely() -> None:
    hit = answer()
    assert (hit.status, hit.body) == (200, BODY)
    assert shown(hit) == {
        "content-type": "image/png",
        "content-length": str(len(BODY)),
        "etag": ETAG,
        "last-modified": MODIFIED,
        "accept-ranges": "bytes",
        "repr-digest": f"sha-256=:{b64encode(hashlib.sha256(BODY).digest()).decode()}:",
        "content-disposition": 'inline; filename="0123456789abcdef.png"',
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "cross-origin",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": (
            "Cache-Status, ETag, Retry-After, X-Cache-Status, X-Image-Id, X-Image-ThumbHash, "
            "X-Error-Code"
        ),
        "timing-allow-origin": "*",
        "cache-control": SHARED,
        "cdn-cache-control": SHARED_BY_CDN,
        "cache-status": "edge; hit; ttl=86400",
        "x-cache-status": "HIT",
        "x-image-id": "0199-image",
        "x-generator": "replicate",
        "x-image-thumbhash": "AbC+/w==",
        "cache-tag": "live,k-0123456789abcdef,p-main-site",
        "surrogate-key": "live k-0123456789abcdef p-main-site",
        "x-robots-tag": "noindex",
    }


@pytest.mark.parametrize(
    ("mime_type", "ending"),
    [("image/png", "png"), ("image/jpeg", "jpg"), ("image/webp", "webp"), ("image/avif", "avif")],
)
def test_the_file_name_ends_as_the_type_says(mime_type: str, ending: str) -> None:
    assert shown(answer(mime_type=mime_type))["content-disposition"].endswith(f'.{ending}"')


def test_a_private_project_lets_no_other_site_read() -> None:
    headers = shown(answer(policy=PRIVATE))
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in headers if name.startswith("access-control-")]
    assert "timing-allow-origin" not in headers


def test_an_indexable_project_says_nothing_to_robots() -> None:
    policy = Policy(project="main/site", public=True, cors_public=True, indexable=True)
    assert "x-robots-tag" not in shown(answer(policy=policy))


@pytest.mark.parametrize(
    ("how", "stored", "status"),
    [
        ("hit", True, "edge; hit; ttl=86400"),
        ("miss", True, "edge; fwd=uri-miss; fwd-status=200; stored"),
        ("coalesced", True, "edge; fwd=uri-miss; collapsed; stored"),
        ("miss", False, 'edge; fwd=uri-miss; fwd-status=200; stored=?0; detail="spooled"'),
        ("coalesced", False, 'edge; fwd=uri-miss; collapsed; stored=?0; detail="spooled"'),
        ("hit", False, 'edge; hit; ttl=60; detail="spooled"'),
    ],
)
def test_the_cache_status_tells_the_way(how: How, stored: bool, status: str) -> None:
    headers = shown(answer(how=how, stored=stored))
    assert headers["cache-status"] == status
    assert headers["x-cache-status"] == how.upper()
    http_sf.parse(status.encode(), tltype="list")


def lines(policy: Policy, *, provisional: bool = False, now: int = NOW) -> dict[str, str]:
    found = freshness(policy, provisional=provisional, now=now).headers
    return {name.decode(): value.decode() for name, value in found}


def keyed(seconds: int) -> dict[str, str]:
    return UNCACHEABLE | {"cache-control": f"private, max-age={seconds}"}


def test_an_answer_to_a_key_is_kept_by_its_browser_alone() -> None:
    assert lines(KEYED) == keyed(86_400)


def test_an_operator_may_share_the_answers_to_keys() -> None:
    policy = Policy(project="a/b", public=False, cors_public=True, share_keyed=True)
    assert lines(policy) == {"cache-control": SHARED, "cdn-cache-control": SHARED_BY_CDN}


@pytest.mark.parametrize("facts", [{"stand_in": True}, {"stored": False}])
def test_what_will_be_replaced_is_kept_for_a_minute(facts: dict[str, bool]) -> None:
    public, private = shown(answer(**facts)), shown(answer(policy=KEYED, **facts))
    assert public["cache-control"] == "public, max-age=60"
    assert public["cdn-cache-control"] == "max-age=60"
    assert private["cache-control"] == "private, max-age=60"
    assert private["cdn-cache-control"] == "no-store"


def windows(line: str) -> int:
    """How long the line lets anybody use the answer at all."""
    found = dict(
        directive.split("=") for directive in line.replace("public, ", "").split(", ") if directive
    )
    fresh = int(found.pop("max-age"))
    return fresh + max((int(seconds) for seconds in found.values()), default=0)


@given(left=st.integers(-100, 40_000_000), provisional=st.booleans())
def test_nothing_is_kept_beyond_the_end_of_a_signed_url(left: int, provisional: bool) -> None:
    policy = Policy(project="a/b", public=True, cors_public=True, expires_at=NOW + left)
    for line in lines(policy, provisional=provisional).values():
        assert windows(line) <= max(0, left)
    private = Policy(project="a/b", public=False, cors_public=True, expires_at=NOW + left)
    fresh = freshness(private, provisional=provisional, now=NOW)
    assert 0 <= fresh.seconds <= max(0, left)


def test_a_signed_url_of_an_hour_is_fresh_for_an_hour_and_never_stale() -> None:
    policy = Policy(project="a/b", public=True, cors_public=True, expires_at=NOW + 3_600)
    assert lines(policy) == {
        "cache-control": "public, max-age=3600",
        "cdn-cache-control": "max-age=3600",
    }


def test_a_long_signed_url_is_as_fresh_as_any() -> None:
    policy = Policy(project="a/b", public=True, cors_public=True, expires_at=NOW + 40_000_000)
    assert lines(policy)["cache-control"] == SHARED


def test_headers_of_a_signed_url_are_reusable_for_a_second() -> None:
    policy = Policy(project="a/b", public=True, cors_public=True, expires_at=NOW + 3_600)
    assert prepare(picture(), policy, "hit", now=NOW).reusable_until == NOW + 1
    assert prepare(picture(), PUBLIC, "hit", now=NOW).reusable_until is None


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


def test_head_of_an_absent_picture_promises_nothing() -> None:
    absent = absent_answer(public=True)
    headers = shown(absent)
    assert (absent.status, absent.body) == (200, b"")
    assert headers.items() >= UNCACHEABLE.items()
    assert headers["cache-status"] == ('edge; fwd=uri-miss; stored=?0; detail="head-not-generated"')
    assert not {"content-type", "content-length", "etag", "cache-tag"} & headers.keys()


def test_a_pending_picture_says_where_to_look_and_when() -> None:
    pending = pending_answer("0199-job", public=True)
    headers = shown(pending)
    assert pending.status == 202
    assert pending.body == b'{"success":true,"data":{"status":"processing","id":"0199-job"}}'
    assert headers.items() >= UNCACHEABLE.items()
    assert headers["retry-after"] == "2"
    assert headers["link"] == '</api/v1/generations/0199-job>; rel="monitor"'
    assert headers["content-length"] == str(len(pending.body))
    assert headers["content-type"] == "application/json"
    assert "preference-applied" not in headers


def test_a_pending_picture_is_a_picture_to_those_who_want_one() -> None:
    pending = pending_answer(None, placeholder=b"png", public=True, respond_async=True)
    headers = shown(pending)
    assert (pending.status, pending.body, headers["content-type"]) == (202, b"png", "image/png")
    assert "link" not in headers
    assert headers["preference-applied"] == "respond-async"


def test_a_preflight_is_answered_for_those_who_may_read() -> None:
    headers = shown(preflight_answer(public=True))
    assert headers["access-control-allow-methods"] == "GET, HEAD"
    assert headers["access-control-allow-headers"] == "X-API-Key, Range, If-None-Match, Prefer"
    assert headers["access-control-max-age"] == "600"
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cache-control"] == "private, no-store"
    closed = shown(preflight_answer(public=False))
    assert not [name for name in closed if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("headers", "wants_image"),
    [
        ({"sec-fetch-dest": "image"}, True),
        ({"sec-fetch-dest": "document", "accept": "image/png"}, False),
        ({"sec-fetch-dest": "empty", "accept": "image/png"}, False),
        ({"accept": "image/avif,image/webp,image/apng,image/*,*/*;q=0.8"}, True),
        ({"accept": "image/*"}, True),
        ({"accept": "image/webp,*/*"}, True),
        ({"accept": "*/*"}, False),
        ({"accept": "*/*, image/png;q=0.5"}, False),
        ({"accept": "text/html,application/xhtml+xml,image/avif,*/*;q=0.8"}, False),
        ({"accept": "application/json"}, False),
        ({"accept": "application/json, image/*"}, False),
        ({"accept": "image/png;q=0"}, False),
        ({"accept": "image/png;q=nonsense"}, False),
        ({"accept": ""}, False),
        ({}, False),
    ],
)
def test_who_shows_pictures_is_told_by_their_headers(
    headers: dict[str, str], wants_image: bool
) -> None:
    assert is_image_client(Headers(headers)) is wants_image


def test_a_problem_document_is_for_those_who_name_it() -> None:
    assert wants_problem(Headers({"accept": "application/json, application/problem+json"}))
    assert not wants_problem(Headers({"accept": "application/problem+json;q=0"}))
    assert not wants_problem(Headers({"accept": "*/*"}))


@pytest.mark.parametrize(
    ("answered", "method"),
    [
        (answer(), "GET"),
        (answer(policy=KEYED), "GET"),
        (answer(policy=PRIVATE, stand_in=True), "GET"),
        (answer(how="miss", stored=False), "GET"),
        (answer(Conditions(range="bytes=1-5")), "GET"),
        (answer(Conditions(if_none_match="*")), "GET"),
        (answer(method="HEAD"), "HEAD"),
        (absent_answer(public=True), "HEAD"),
        (pending_answer("0199", public=True), "GET"),
        (preflight_answer(public=True), "OPTIONS"),
    ],
)
def test_the_linter_of_the_field_finds_nothing_bad(answered: Answer, method: str) -> None:
    request = HttpRequestLinter()
    request.process_request_topline(method.encode(), b"http://localhost/api/v1/live", b"HTTP/1.1")
    wanted = {
        204: (b"access-control-request-method", b"GET"),
        206: (b"range", b"bytes=1-5"),
    }.get(answered.status, (b"accept", b"*/*"))
    request.process_headers([(b"host", b"localhost"), (b"origin", b"https://example.org"), wanted])
    linter = HttpResponseLinter()
    linter.request = request
    linter.is_head_response = method == "HEAD"
    linter.process_response_topline(b"HTTP/1.1", str(answered.status).encode(), b"")
    linter.process_headers([(b"date", b"Tue, 22 Sep 2026 00:00:00 GMT"), *answered.raw_headers])
    linter.feed_content(answered.body)
    linter.finish_content(True)
    bad = [str(note.summary) for note in linter.notes if note.level is levels.BAD]
    assert bad == []
