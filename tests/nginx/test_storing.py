"""nginx keeps what the server calls public, for everyone, and nothing else."""

import pytest

from tests.nginx.front import BODY, KEYED_LIVE, LIVE, Front, public
from tests.standins.origin import Answer, Asked, picture, refusal

pytestmark = pytest.mark.needs_apt

IMAGE = "/cdn/main/site/img/@hero?w=640"
SECRET = b"only for the holder of the key"


@pytest.mark.parametrize("target", [LIVE, KEYED_LIVE, IMAGE])
async def test_a_public_picture_is_asked_for_once(front: Front, target: str) -> None:
    first, second = await front.get(target), await front.get(target)
    assert first.content == second.content == BODY
    assert front.origin.counts == {("GET", target): 1}


async def test_an_answer_from_the_store_says_hit(front: Front) -> None:
    first, second = await front.get(), await front.get()
    assert first.headers.get_list("X-Cache-Status") == ["MISS"]
    assert second.headers.get_list("X-Cache-Status") == ["HIT"]
    assert second.headers.get_list("Cache-Status") == ["edge; fwd=uri-miss; stored", "nginx; hit"]


async def test_a_stored_answer_keeps_every_line_of_the_server(front: Front) -> None:
    sent = public(Cache_Tag="live", CDN_Cache_Control="max-age=31536000", X_Image_Id="1")
    front.origin.always(sent)
    await front.get()
    stored = await front.get()
    changed = {"X-Cache-Status", "Cache-Status"}
    for name in sent.headers.keys() - changed:
        assert stored.headers.get_list(name) == [sent.headers[name]]
    assert "Age" not in stored.headers


async def test_a_stored_answer_shows_its_age_by_its_date(front: Front) -> None:
    made = "Sat, 03 Jan 2026 10:00:00 GMT"
    front.origin.always(public(Date=made))
    assert (await front.get()).headers.get_list("Date") == [made]
    assert (await front.get()).headers.get_list("Date") == [made]
    assert len(front.origin.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        picture(BODY, "private, max-age=86400"),
        picture(BODY, "private, no-store"),
        picture(BODY, "public, max-age=86400", X_Accel_Expires="0"),
        picture(BODY, "no-cache"),
        Answer(headers={"Content-Type": "image/png"}, body=BODY),
        Answer(status=202, headers={"Cache-Control": "private, no-store"}, body=BODY),
        refusal(404, "NOT_FOUND"),
        refusal(410, "GONE"),
        refusal(503, "BUSY"),
    ],
    ids=["private", "no-store", "accel", "no-cache", "silent", "202", "404", "410", "503"],
)
async def test_what_is_not_called_public_is_never_stored(front: Front, answer: Answer) -> None:
    front.origin.always(answer)
    for _ in range(2):
        assert (await front.get()).content == answer.body
    assert len(front.origin.asked) == 2
    assert not _stored(front)


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
@pytest.mark.parametrize("key", ["bnt_" + "a" * 64, "0"])
async def test_a_keyed_answer_never_reaches_a_stranger(front: Front, header: str, key: str) -> None:
    front.origin.script = _secret_for_keys
    keyed = await front.client.get(KEYED_LIVE, headers={header: key})
    assert keyed.content == SECRET
    assert not _stored(front)
    for _ in range(2):
        assert (await front.get(KEYED_LIVE)).content == BODY
    assert (await front.client.get(KEYED_LIVE, headers={header: key})).content == SECRET
    assert (await front.get(KEYED_LIVE)).content == BODY
    assert front.origin.counts == {("GET", KEYED_LIVE): 3}


async def test_a_keyed_revalidation_reaches_the_server(front: Front) -> None:
    front.origin.always(Answer(status=304, headers={"Cache-Control": "private, max-age=86400"}))
    answer = await front.get(KEYED_LIVE, X_API_Key="k", If_None_Match='"tag"')
    assert answer.status_code == 304
    assert front.origin.asked[0].one("if-none-match") == '"tag"'


async def test_equal_targets_alone_share_an_entry(front: Front) -> None:
    targets = [
        LIVE,
        LIVE + "&seed=1",
        LIVE.replace("lighthouse", "%6Cighthouse"),
        LIVE.replace("/page", "/p%61ge"),
        LIVE.replace("/page", "//page"),
        LIVE + "?",
    ]
    front.origin.script = lambda asked: public(body=asked.target)
    for _ in range(2):
        for target in targets:
            answer = await front.exactly(_plain(target))
            assert answer.body == target.encode()
    assert set(front.origin.counts.values()) == {1}
    assert len(front.origin.asked) == len(targets)


async def test_a_stored_picture_answers_conditions(front: Front) -> None:
    tag = (await front.get()).headers["ETag"]
    unchanged = await front.get(If_None_Match=tag)
    assert unchanged.status_code == 304
    assert unchanged.headers["ETag"] == tag
    assert unchanged.headers["Cache-Control"].startswith("public")
    since = await front.get(If_Modified_Since="Mon, 05 Jan 2026 12:00:00 GMT")
    assert since.status_code == 304
    assert (await front.get(If_None_Match='"other"')).status_code == 200
    assert (await front.get(If_Modified_Since="yesterday")).status_code == 200
    assert len(front.origin.asked) == 1


async def test_negotiated_formats_are_kept_apart(front: Front) -> None:
    front.origin.script = lambda asked: public((asked.one("accept") or "").encode(), Vary="Accept")
    for _ in range(2):
        assert (await front.get(Accept="image/avif")).content == b"image/avif"
        assert (await front.get(Accept="image/webp")).content == b"image/webp"
    assert len(front.origin.asked) == 2


async def test_rest_answers_are_not_stored(front: Front) -> None:
    for target in ("/api/v1/images", "/api/v1/live/scopes", "/health", "/cdn/main/site/other/x"):
        first = await front.get(target)
        assert first.status_code == 200
        await front.get(target)
    assert set(front.origin.counts.values()) == {2}


def _secret_for_keys(asked: Asked) -> Answer:
    """Even a server that wrongly calls a keyed answer public must not leak it through nginx."""
    keyed = asked.one("x-api-key") or asked.one("authorization")
    return public(SECRET if keyed else BODY)


def _stored(front: Front) -> list[str]:
    return [str(path) for path in (front.nginx.run / "cache").rglob("*") if path.is_file()]


def _plain(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
