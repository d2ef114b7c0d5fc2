"""The answers about pictures: complete, closed to those who may not read, and sound by the book."""

import hashlib
from base64 import b64encode

import http_sf
import pytest
from httplint import HttpRequestLinter, HttpResponseLinter
from httplint.note import levels

from edge.answers.answer import Answer
from edge.answers.conditional import Conditions
from edge.answers.freshness import Policy
from edge.answers.headers import looks
from edge.answers.responses import How, Way, absent_answer, pending_answer, preflight_answer
from tests.edge.answers.picture_answers import (
    BODY,
    ETAG,
    KEYED,
    MODIFIED,
    PRIVATE,
    SHARED,
    SHARED_BY_CDN,
    UNCACHEABLE,
    answer,
    shown,
)


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
            "X-Image-Dominant-Color, X-Error-Code"
        ),
        "timing-allow-origin": "*",
        "cache-control": SHARED,
        "cdn-cache-control": SHARED_BY_CDN,
        "cache-status": "edge; hit; ttl=86400",
        "x-cache-status": "HIT",
        "x-image-id": "0199-image",
        "x-generator": "replicate",
        "x-image-thumbhash": "AbC+/w==",
        "x-image-dominant-color": "#8a9bac",
        "cache-tag": "live,k-0123456789abcdef,i-0199-image,p-main-site",
        "surrogate-key": "live k-0123456789abcdef i-0199-image p-main-site",
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


@pytest.mark.parametrize(
    ("way", "status"),
    [
        (Way("hit", derived=True), 'edge; hit; ttl=86400; detail="derived"'),
        (Way("hit", derived=True, stored=False), 'edge; hit; ttl=60; detail="spooled"'),
        (Way("miss", derived=True), "edge; fwd=uri-miss; fwd-status=200; stored"),
        (Way("hit", vary=True), "edge; hit; ttl=86400"),
        (Way("hit", vary=True, final=False), "edge; hit; ttl=60"),
    ],
)
def test_what_is_made_of_a_stored_master_is_a_hit(way: Way, status: str) -> None:
    headers = shown(answer(way=way))
    assert headers["cache-status"] == status
    assert headers["x-cache-status"] == way.how.upper()
    assert headers.get("vary") == ("Accept" if way.vary else None)
    http_sf.parse(status.encode(), tltype="list")


@pytest.mark.parametrize(
    ("conditions", "method", "status"),
    [
        (Conditions(), "GET", 200),
        (Conditions(), "HEAD", 200),
        (Conditions(range="bytes=0-9"), "GET", 206),
        (Conditions(if_none_match=ETAG), "GET", 304),
    ],
)
def test_a_negotiated_picture_says_so_in_every_answer(
    conditions: Conditions, method: str, status: int
) -> None:
    told = answer(conditions, method=method, way=Way("hit", vary=True))
    assert (told.status, shown(told)["vary"]) == (status, "Accept")
    assert "vary" not in shown(answer(conditions, method=method))


def test_what_may_soon_be_better_is_kept_for_a_minute() -> None:
    headers = shown(answer(way=Way("hit", vary=True, final=False)))
    assert headers["cache-control"] == "public, max-age=60"
    assert headers["cdn-cache-control"] == "max-age=60"


def test_the_address_has_tags_of_its_own() -> None:
    policy = Policy(project="main/site", public=True, cors_public=True, tags=("s-main-site-page",))
    tags = shown(answer(policy=policy))["cache-tag"].split(",")
    assert tags[-2:] == ["p-main-site", "s-main-site-page"]


def test_looks_nobody_knows_are_not_told() -> None:
    assert looks("", "") == []
    headers = shown(answer(dominant_color=""))
    assert "x-image-dominant-color" not in headers


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


def test_a_pending_picture_tells_what_is_known_of_its_looks() -> None:
    headers = shown(pending_answer("0199", public=True, preview=looks("AbC+/w==", "#8a9bac")))
    assert headers["x-image-thumbhash"] == "AbC+/w=="
    assert headers["x-image-dominant-color"] == "#8a9bac"


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
    ("answered", "method"),
    [
        (answer(), "GET"),
        (answer(policy=KEYED), "GET"),
        (answer(policy=PRIVATE, stand_in=True), "GET"),
        (answer(how="miss", stored=False), "GET"),
        (answer(way=Way("hit", derived=True, vary=True)), "GET"),
        (answer(Conditions(if_none_match="*"), way=Way("hit", vary=True)), "GET"),
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
