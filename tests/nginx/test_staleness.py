"""Pictures that outlived their freshness, and a server that is away."""

import asyncio

import pytest

from tests.nginx.front import BODY, LIVE, PUBLIC, Front, error_of, past, public
from tests.standins.origin import Answer, picture, refusal

pytestmark = pytest.mark.needs_apt

BRIEF = "public, max-age=60"
NEW = b"a newer picture"


async def test_fresh_pictures_flow_while_the_server_is_away(front: Front) -> None:
    await front.get()
    await front.origin.crash()
    assert (await front.get()).content == BODY
    assert (await front.get(If_None_Match='"other"')).content == BODY
    assert (await front.get(Range="bytes=0-3")).content == BODY[:4]
    absent = await front.get(LIVE + "&seed=2")
    assert absent.status_code == 502
    assert error_of(absent)["code"] == "SERVER_UNAVAILABLE"
    assert front.origin.counts == {("GET", LIVE): 1}


@pytest.mark.parametrize("allowed", [PUBLIC, "public, max-age=60, stale-if-error=2592000"])
async def test_stale_pictures_flow_while_the_server_is_away(front: Front, allowed: str) -> None:
    front.origin.always(past(allowed))
    await front.get()
    await front.origin.crash()
    for _ in range(3):
        answer = await front.get()
        assert (answer.status_code, answer.content) == (200, BODY)
        assert answer.headers["X-Cache-Status"] == "HIT"


async def test_an_answer_that_allows_no_staleness_ends_on_time(front: Front) -> None:
    """So a signed URL's picture is gone after its exp, even while the server is away."""
    front.origin.always(past(BRIEF))
    await front.get()
    await front.origin.crash()
    assert (await front.get()).status_code == 502


async def test_a_stale_picture_is_shown_while_one_newer_is_fetched(front: Front) -> None:
    front.origin.always(past())
    await front.get()
    made = asyncio.Event()
    front.origin.always(Answer(gate=made, headers=public().headers, body=NEW))
    # nginx keeps the line of the one that set off the fetch until the fetch has ended.
    herd = await asyncio.gather(*(front.get(Connection="close") for _ in range(20)))
    assert {answer.content for answer in herd} == {BODY}
    made.set()
    async with asyncio.timeout(10):
        while (await front.get()).content != NEW:
            pass
    assert len(front.origin.asked) == 2


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_server_in_trouble_does_not_replace_a_picture(front: Front, status: int) -> None:
    front.origin.always(past(BRIEF))
    await front.get()
    front.origin.always(refusal(status, "BUSY"))
    answer = await front.get()
    assert (answer.status_code, answer.content) == (200, BODY)
    assert len(front.origin.asked) == 2


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 451, 500])
async def test_a_server_that_refuses_an_ended_picture_is_heard(front: Front, status: int) -> None:
    front.origin.always(past("public, max-age=60, stale-if-error=2592000"))
    await front.get()
    front.origin.always(refusal(status, "GONE"))
    for _ in range(2):
        answer = await front.get()
        assert answer.status_code == status
        assert answer.headers.get_list("Cache-Control") == ["private, no-store"]


async def test_a_refreshed_picture_carries_the_lines_of_the_refresh(front: Front) -> None:
    """A 304 would renew the entry and keep a signed URL's first, longer max-age."""
    front.origin.always(past("public, max-age=86400"))
    await front.get()
    shorter = picture(BODY, "public, max-age=600", Date="Sat, 03 Jan 2026 10:00:00 GMT")
    front.origin.always(shorter)
    for _ in range(2):
        answer = await front.get()
        assert answer.headers.get_list("Cache-Control") == ["public, max-age=600"]
        assert answer.headers["Date"] == shorter.headers["Date"]
    assert len(front.origin.asked) == 2
    assert front.origin.asked[1].one("if-none-match") is None


async def test_a_picture_taken_down_is_gone_after_a_minute(front: Front) -> None:
    """The server's own lines for this store: nothing old is shown while it is asked again."""
    windows = "public, max-age=60, stale-if-error=2592000"
    front.origin.always(picture(BODY, windows, X_Edge_Cache_Control=PUBLIC))
    for _ in range(2):
        answer = await front.get()
        assert answer.headers.get_list("Cache-Control") == [PUBLIC]
        assert "X-Edge-Cache-Control" not in answer.headers
    assert front.origin.asked[0].one("x-edge-store") == "nginx"
    front.nginx.age(61)
    front.origin.always(refusal(410, "GONE"))
    herd = await asyncio.gather(*(front.get() for _ in range(20)))
    assert {answer.status_code for answer in herd} == {410}
    await front.origin.crash()
    assert (await front.get()).content == BODY, "until the copy is removed by hand"


async def test_what_is_not_stored_is_not_announced(front: Front) -> None:
    await front.get(X_API_Key="k", X_Edge_Store="mine")
    await front.get("/api/v1/images")
    assert [asked.one("x-edge-store") for asked in front.origin.asked] == [None, None]
