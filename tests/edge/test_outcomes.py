"""Every outcome that carries or promises a picture: its status, its lines, its bytes."""

import httpx
import pytest

from tests.edge.header_sets import (
    CLOSED,
    COALESCED,
    HIT,
    MISS,
    NO_STORE,
    NOSNIFF,
    OPEN,
    PRIVATE,
    PUBLIC,
    STAND_IN,
    ensure_error,
    ensure_exact,
    ensure_not_modified,
    ensure_picture,
)
from tests.edge.linting import ensure_sound
from tests.edge.live_server import DAY, LiveServer, page, program, signed
from tests.fleet.crowd import Reply, waiting_crowd
from tests.fleet.processes import API_KEY
from tests.standins.replicate import ReplicateStandin

PLAIN_IMG = {"Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}


@pytest.fixture(scope="module")
def stored(paid: LiveServer) -> str:
    """The prompt of a picture that is already there."""
    text = "a picture that has been here for a while"
    paid.make(program(text))
    return text


def as_response(target: str, reply: Reply) -> httpx.Response:
    return httpx.Response(
        reply.status,
        headers=dict(reply.headers),
        content=reply.body,
        request=httpx.Request("GET", f"http://localhost{target}"),
    )


def test_a_miss_is_private_to_the_key_that_had_it_made(paid: LiveServer, prompt: str) -> None:
    answer = paid.ask(program(prompt), key=API_KEY)
    ensure_picture(answer, PRIVATE, MISS, extra={"x-generator": "replicate"})


def test_a_signed_miss_is_public(paid: LiveServer, prompt: str) -> None:
    answer = paid.ask(signed(prompt, expires_in=300 * DAY))
    at_a_cdn = {"cdn-cache-control": answer.headers["cdn-cache-control"]}
    ensure_picture(answer, PUBLIC | at_a_cdn, MISS)


def test_a_hit_by_key_is_private(paid: LiveServer, stored: str) -> None:
    ensure_picture(paid.ask(program(stored), key=API_KEY), PRIVATE, HIT)


def test_a_hit_on_a_page_is_public(paid: LiveServer, stored: str) -> None:
    answer = paid.ask(page(stored))
    ensure_picture(answer, PUBLIC, HIT)
    by_key = paid.ask(program(stored), key=API_KEY)
    assert (answer.content, answer.headers["etag"]) == (by_key.content, by_key.headers["etag"])


def test_the_painters_pictures_are_kept_for_a_minute(painter: LiveServer, prompt: str) -> None:
    made = painter.ask(page(prompt))
    ensure_picture(made, STAND_IN, MISS, extra={"x-generator": "painter"})
    again = painter.ask(page(prompt))
    ensure_picture(again, STAND_IN, HIT | {"cache-status": "edge; hit; ttl=60"})


def test_a_private_projects_picture_is_for_its_own_pages(paid: LiveServer, prompt: str) -> None:
    target = page(prompt, project="hidden")
    made = paid.ask(target, key=paid.keys.stranger)
    ensure_picture(made, PRIVATE, MISS, reading=CLOSED)
    ensure_picture(paid.ask(target, key=paid.keys.stranger), PRIVATE, HIT, reading=CLOSED)


async def test_who_waits_for_anothers_picture_is_told_so(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    await replicate_standin.hold()
    crowd = await waiting_crowd([paid.process], program(prompt), times=3)
    await replicate_standin.release()
    answers = [as_response(program(prompt), reply) for reply in await crowd.replies()]
    for answer in answers:
        del answer.headers["connection"]
        ensure_sound(answer)
    by_way = sorted(answers, key=lambda answer: answer.headers["x-cache-status"])
    ensure_picture(by_way[0], PRIVATE, COALESCED)
    ensure_picture(by_way[1], PRIVATE, COALESCED)
    ensure_picture(by_way[2], PRIVATE, MISS)
    assert len({answer.content for answer in answers}) == 1
    assert await replicate_standin.created() == 1


@pytest.mark.parametrize(
    "conditions",
    [
        {"If_None_Match": "{etag}"},
        {"If_None_Match": 'W/"other", W/{etag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": "{modified}"},
        {"If_None_Match": "{etag}", "Range": "bytes=0-5"},
        {"If_None_Match": "{etag}", "If_Modified_Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
    ],
)
def test_who_has_it_already_gets_no_body(
    paid: LiveServer, stored: str, conditions: dict[str, str]
) -> None:
    for target, key, kept in ((page(stored), None, PUBLIC), (program(stored), API_KEY, PRIVATE)):
        whole = paid.ask(target, key=key)
        has = {"etag": whole.headers["etag"], "modified": whole.headers["last-modified"]}
        asked = {name: value.format(**has) for name, value in conditions.items()}
        answer = paid.ask(target, key=key, **asked)
        ensure_not_modified(answer, kept, HIT)
        for name in set(answer.headers) - {"date"}:
            assert answer.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    "conditions",
    [
        {"If_None_Match": '"another"'},
        {"If_None_Match": '"another"', "If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"If_None_Match": "no tag at all"},
        {"If_Modified_Since": "yesterday"},
        {"If_Modified_Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {"Range": "bytes=abc"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=5-2"},
        {"Range": "bytes=0-1,4-5"},
        {"Range": "bytes=0-5", "If_Range": '"another"'},
        {"Range": "bytes=0-5", "If_Range": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {"Cache_Control": "no-cache"},
        {"Cache_Control": "max-age=0"},
        {"Cache_Control": "only-if-cached"},
        {"Accept": "text/html"},
        {"Accept": "application/json"},
        PLAIN_IMG,
    ],
)
async def test_everybody_else_gets_the_whole_picture(
    paid: LiveServer,
    replicate_standin: ReplicateStandin,
    stored: str,
    conditions: dict[str, str],
) -> None:
    ensure_picture(paid.ask(program(stored), key=API_KEY, **conditions), PRIVATE, HIT)
    assert await replicate_standin.created() == 0


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("bytes=5-99999999", 5, None),
    ],
)
def test_a_range_gets_its_part(
    paid: LiveServer, stored: str, asked: str, start: int, stop: int | None
) -> None:
    for target, key, kept in ((page(stored), None, PUBLIC), (program(stored), API_KEY, PRIVATE)):
        whole = paid.ask(target, key=key)
        body = whole.content
        answer = paid.ask(target, key=key, Range=asked, If_Range=whole.headers["etag"])
        begin, end = range(len(body))[start:stop][0], range(len(body))[start:stop][-1]
        place = {"content-range": f"bytes {begin}-{end}/{len(body)}"}
        ensure_picture(answer, kept, HIT, body=body, status=206, extra=place)
        assert answer.content == body[start:stop]
        assert answer.headers["content-length"] == str(len(answer.content))


def test_a_range_beyond_the_end_is_told_where_the_end_is(paid: LiveServer, stored: str) -> None:
    length = len(paid.ask(page(stored)).content)
    answer = paid.ask(page(stored), Range="bytes=99999999-")
    told = {"content-range": f"bytes */{length}", "accept-ranges": "bytes"}
    ensure_error(answer, 416, "RANGE_NOT_SATISFIABLE", extra=told)


@pytest.mark.parametrize("conditions", [{}, {"Range": "bytes=0-5"}])
def test_head_of_a_stored_picture_says_what_get_would(
    paid: LiveServer, stored: str, conditions: dict[str, str]
) -> None:
    for target, key, kept in ((page(stored), None, PUBLIC), (program(stored), API_KEY, PRIVATE)):
        whole = paid.ask(target, key=key)
        answer = paid.ask(target, key=key, method="HEAD", **conditions)
        ensure_picture(answer, kept, HIT, body=whole.content)
        assert answer.content == b""
        assert dict(answer.headers) | {"date": ""} == dict(whole.headers) | {"date": ""}


async def test_head_of_an_absent_picture_knows_nothing_and_makes_nothing(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    status = 'edge; fwd=uri-miss; stored=?0; detail="head-not-generated"'
    for target, key in (
        (program(prompt), API_KEY),
        (page(prompt), None),
        (page(prompt, "open"), None),
        (signed(prompt), None),
    ):
        answer = paid.ask(target, key=key, method="HEAD")
        assert (answer.status_code, answer.content) == (200, b"")
        lines = NO_STORE | NOSNIFF | OPEN | {"cache-status": status}
        ensure_exact(answer, lines, {"x-request-id"})
    ensure_picture(paid.ask(program(prompt), key=API_KEY), PRIVATE, MISS)
    assert await replicate_standin.created() == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("asked", ["only-if-cached", "max-stale=5, Only-If-Cached"])
async def test_only_if_cached_makes_nothing(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str, method: str, asked: str
) -> None:
    for target, key in ((program(prompt), API_KEY), (signed(prompt), None)):
        answer = paid.ask(target, key=key, method=method, Cache_Control=asked)
        ensure_error(answer, 504, "NOT_CACHED", detail="only-if-cached")
    assert await replicate_standin.created() == 0


async def test_conditions_do_not_keep_an_absent_picture_from_being_made(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    """A browser that revalidates what was taken down must get a picture."""
    stale = paid.ask(
        program(prompt), key=API_KEY, If_None_Match='"sha256-of-the-old-one"', Range="bytes=0-9"
    )
    assert (stale.status_code, stale.headers["x-cache-status"]) == (206, "MISS")
    assert await replicate_standin.created() == 1


@pytest.mark.parametrize("target", [program("x"), page("x"), page("x", project="hidden")])
def test_a_preflight_says_who_may_read(paid: LiveServer, target: str) -> None:
    answer = paid.ask(
        target,
        method="OPTIONS",
        Origin="https://shop.example",
        Access_Control_Request_Method="GET",
        Access_Control_Request_Headers="x-api-key",
    )
    assert (answer.status_code, answer.content) == (204, b"")
    lines = {
        **NO_STORE,
        "allow": "GET, HEAD, OPTIONS",
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD",
        "access-control-allow-headers": "X-API-Key, Range, If-None-Match, Prefer",
        "access-control-max-age": "600",
    }
    ensure_exact(answer, lines, {"x-request-id"})


def test_options_without_an_origin_says_what_is_allowed(paid: LiveServer) -> None:
    answer = paid.ask(program("x"), method="OPTIONS")
    assert (answer.status_code, answer.content) == (204, b"")
    ensure_exact(answer, NO_STORE | {"allow": "GET, HEAD, OPTIONS"}, {"x-request-id"})
