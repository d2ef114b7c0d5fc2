"""The shipped VCL keeps what the server calls public, forgets by tag, and never spends twice."""

import asyncio

import pytest

from tests.nginx.front import BODY, KEYED_LIVE, LIVE, PUBLIC, public
from tests.standins.origin import Answer, picture, refusal
from tests.varnish.conftest import TAGS, Front

pytestmark = pytest.mark.needs_apt

IMAGE = "/cdn/main/site/img/@hero?w=640"
HERD = 50
NEW = b"a newer picture"
BRIEF = PUBLIC.replace("max-age=86400", "max-age=1")


async def ended(front: Front, cache_control: str = BRIEF) -> None:
    """A stored picture that was fresh for a second, which is over."""
    front.origin.always(picture(BODY, cache_control, Cache_Tag=TAGS))
    assert (await front.get()).content == BODY
    # The clock that counts here is Varnish's own.
    await asyncio.sleep(1.1)


@pytest.mark.parametrize("target", [LIVE, KEYED_LIVE, IMAGE])
async def test_a_public_picture_is_asked_for_once(front: Front, target: str) -> None:
    first, second = await front.get(target), await front.get(target)
    assert first.content == second.content == BODY
    assert first.headers["X-Cache-Status"] == "MISS"
    assert second.headers["X-Cache-Status"] == "HIT"
    assert second.headers["Cache-Status"] == "edge; fwd=uri-miss; stored, varnish; hit"
    assert second.headers.get_list("Cache-Control") == [PUBLIC]
    assert len(front.origin.visits) == 1


@pytest.mark.parametrize(
    "answer",
    [
        picture(BODY, "private, max-age=86400"),
        picture(BODY, "private, no-store"),
        Answer(headers={"Content-Type": "image/png"}, body=BODY),
        Answer(status=202, headers={"Cache-Control": "private, no-store"}, body=BODY),
        refusal(403, "SPENDING_NOT_ALLOWED"),
        refusal(404, "NOT_FOUND"),
        refusal(410, "GONE"),
        refusal(429, "BUDGET_EXHAUSTED"),
        refusal(503, "BUSY"),
    ],
    ids=["private", "no-store", "silent", "202", "403", "404", "410", "429", "503"],
)
async def test_what_is_not_called_public_is_never_stored(front: Front, answer: Answer) -> None:
    front.origin.always(answer)
    for _ in range(2):
        shown = await front.get()
        assert (shown.status_code, shown.content) == (answer.status, answer.body)
        assert shown.headers.get("Cache-Control") == answer.headers.get("Cache-Control")
    assert len(front.origin.visits) == 2
    front.origin.always(public(NEW))
    for _ in range(2):
        assert (await front.get()).content == NEW
    assert len(front.origin.visits) == 3


async def test_a_keyed_answer_never_reaches_a_stranger(front: Front) -> None:
    front.origin.scripted(
        lambda asked: public(NEW if asked.one("x-api-key") or asked.one("authorization") else BODY)
    )
    for name in ("X_API_Key", "Authorization"):
        assert (await front.get(KEYED_LIVE, **{name: "k"})).content == NEW
        assert (await front.get(KEYED_LIVE)).content == BODY
        assert (await front.get(KEYED_LIVE, **{name: "k"})).content == NEW


async def test_head_and_odd_ranges_stay_what_they_are(front: Front) -> None:
    front.origin.always(refusal(200, "ABSENT"))
    for _ in range(2):
        await front.client.head(LIVE)
    await front.get(Range="bytes=abc")
    await front.get(Range="bytes=999999-")
    assert [one.method for one in front.origin.visits] == ["HEAD", "HEAD", "GET", "GET"]
    assert [one.one("range") for one in front.origin.visits[2:]] == ["bytes=abc", "bytes=999999-"]


async def test_a_range_of_a_stored_picture_is_cut_here(front: Front) -> None:
    await front.get()
    part = await front.get(Range="bytes=0-3")
    assert (part.status_code, part.content) == (206, BODY[:4])
    assert len(front.origin.visits) == 1


async def test_negotiated_formats_are_kept_apart(front: Front) -> None:
    front.origin.scripted(lambda asked: public((asked.one("accept") or "").encode(), Vary="Accept"))
    for _ in range(2):
        assert (await front.get(Accept="image/avif")).content == b"image/avif"
        assert (await front.get(Accept="image/jpeg")).content == b"image/jpeg"
    assert len(front.origin.visits) == 2


async def test_a_herd_asks_once(front: Front) -> None:
    made = asyncio.Event()
    front.origin.scripted(lambda _: Answer(gate=made, headers=public().headers, body=BODY))
    async with asyncio.TaskGroup() as group:
        herd = [group.create_task(front.get()) for _ in range(HERD)]
        await _visited(front, 1)
        made.set()
    assert {task.result().content for task in herd} == {BODY}
    assert len(front.origin.visits) == 1


@pytest.mark.parametrize("tags", ["k-0123456789abcdef", "i-1,p-main-site,k-9", "live"])
async def test_a_ban_forgets_whatever_carries_the_tag(front: Front, tags: str) -> None:
    await front.get()
    await front.get(IMAGE)
    assert (await front.ban(tags)).status_code == 204
    front.origin.always(public(NEW, Cache_Tag=TAGS))
    assert (await front.get()).content == NEW
    assert (await front.get(IMAGE)).content == NEW


@pytest.mark.parametrize(
    "tags", ["k-0123456789abcde", "main-site", "k-.*", "p-main", "p-main-site2"]
)
async def test_no_other_picture_is_forgotten(front: Front, tags: str) -> None:
    await front.get()
    await front.ban(tags)
    await front.get()
    assert len(front.origin.visits) == 1


async def test_nobody_bans_without_the_word_and_from_elsewhere(front: Front) -> None:
    await front.get()
    for refused in (
        await front.ban(TAGS, token="another"),
        await front.client.request("BAN", "/", headers={"Cache-Tag": TAGS}),
    ):
        assert (refused.status_code, refused.headers["X-Error-Code"]) == (403, "FORBIDDEN")
        assert refused.headers["Cache-Control"] == "private, no-store"
        assert refused.json()["success"] is False
    for tags in ("", "(a+)+$", 'x"', "a b"):
        assert (await front.ban(tags)).status_code == 400
    await front.get()
    assert len(front.origin.visits) == 1


async def test_an_ended_picture_is_shown_while_a_newer_one_is_fetched(front: Front) -> None:
    await ended(front)
    made = asyncio.Event()
    answer = public(NEW)
    front.origin.scripted(lambda _: Answer(gate=made, headers=answer.headers, body=NEW))
    herd = await asyncio.gather(*(front.get() for _ in range(20)))
    assert {shown.content for shown in herd} == {BODY}
    made.set()
    async with asyncio.timeout(10):
        while (await front.get()).content != NEW:
            pass
    assert len(front.origin.visits) == 2


async def test_a_banned_picture_is_not_shown_meanwhile(front: Front) -> None:
    await ended(front)
    await front.ban("live")
    front.origin.always(refusal(410, "GONE"))
    assert (await front.get()).status_code == 410


async def test_an_answer_without_windows_ends_on_time(front: Front) -> None:
    """An alias follows within its 30 seconds: Varnish's own grace would add ten."""
    await ended(front, "public, max-age=1")
    front.origin.always(public(NEW))
    assert (await front.get()).content == NEW


async def test_a_server_in_trouble_does_not_replace_an_ended_picture(front: Front) -> None:
    await ended(front)
    front.origin.always(refusal(503, "BUSY"))
    for _ in range(3):
        assert (await front.get()).content == BODY
    front.origin.always(refusal(410, "GONE"))
    async with asyncio.timeout(10):
        while (await front.get()).status_code != 410:
            pass


async def test_pictures_flow_while_the_server_is_away(front: Front) -> None:
    await front.get()
    await front.origin.crash()
    assert (await front.get()).content == BODY
    absent = await front.get(LIVE + "&seed=2")
    assert (absent.status_code, absent.headers["X-Error-Code"]) == (503, "SERVER_UNAVAILABLE")
    assert absent.headers["Cache-Control"] == "private, no-store"
    assert absent.json()["error"]["code"] == "SERVER_UNAVAILABLE"


async def test_the_metrics_stay_inside(front: Front) -> None:
    assert (await front.get("/metrics")).status_code == 404
    assert front.origin.visits == []


async def test_what_a_client_claims_of_itself_is_overwritten(front: Front) -> None:
    await front.get(X_Forwarded_For="192.0.2.7", Forwarded="for=192.0.2.7")
    (asked,) = front.origin.visits
    assert asked.one("x-forwarded-for") == "127.0.0.1"
    assert asked.one("forwarded") is None


async def _visited(front: Front, visits: int) -> None:
    async with asyncio.timeout(10), front.origin.arrived:
        await front.origin.arrived.wait_for(lambda: len(front.origin.visits) >= visits)
