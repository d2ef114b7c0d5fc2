"""What the server behind nginx gets to see."""

import asyncio

import pytest

from tests.nginx.front import BODY, LIVE, Front
from tests.standins.origin import Answer

pytestmark = pytest.mark.needs_apt


async def test_what_a_client_claims_about_itself_is_overwritten(front: Front) -> None:
    claims = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "X-Real-IP": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
    }
    await front.client.get("/api/v1/images", headers=claims)
    asked = front.origin.asked[0]
    assert asked.all("x-forwarded-for") == ["127.0.0.1"]
    assert asked.all("x-forwarded-proto") == ["http"]
    for name in ("x-forwarded-host", "x-forwarded-port", "x-real-ip", "forwarded"):
        assert asked.one(name) is None


async def test_host_and_credentials_arrive_as_sent(front: Front) -> None:
    sent = {"X-API-Key": "bnt_secret", "Authorization": "Bearer x", "Host": "pictures.example:81"}
    await front.client.get(LIVE, headers=sent)
    for name, value in sent.items():
        assert front.origin.asked[0].one(name.lower()) == value


async def test_a_request_has_one_id_everywhere(front: Front) -> None:
    for sent, kept in (("sane-id_1.2", True), ("short", False), ('"; injected', False)):
        await front.get("/health", X_Request_Id=sent)
        seen = front.origin.asked[-1].one("x-request-id")
        assert seen is not None
        assert (seen == sent) is kept
        assert len(seen) == (len(sent) if kept else 32)
    logged = [line["requestId"] for line in front.logged(3)]
    assert logged == [asked.one("x-request-id") for asked in front.origin.asked]


@pytest.mark.parametrize(
    "query",
    [
        "грузовик+на+мосту".encode(),
        b"%D0%B3%D1%80%D1%83%D0%B7%D0%BE%D0%B2%D0%B8%D0%BA",
        b"a%20b%2Fc%3Fd%23e&seed=1",
        b"\xff\xfe",
        b"%zz",
        b"'\"{}|\\^`<>",
    ],
)
async def test_every_byte_of_a_target_arrives_as_sent(front: Front, query: bytes) -> None:
    target = b"/cdn/main/site/live/page?prompt=" + query
    request = b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for _ in range(2):
        assert (await front.exactly(request)).body == BODY
    assert [asked.target for asked in front.origin.asked] == [target]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_body_on_a_public_page_stays_outside(front: Front, method: str) -> None:
    """It is no part of the key, so it must not be able to change what is stored."""
    answer = await front.client.request(method, LIVE, content=b"x" * 1_000_000)
    assert answer.status_code == 200
    assert front.origin.asked[0].body == b""
    assert front.origin.asked[0].one("transfer-encoding") is None


async def test_uploads_of_the_allowed_size_arrive(front: Front) -> None:
    upload = b"x" * 5_000_000
    answer = await front.client.post("/api/v1/images/upload", content=upload)
    assert answer.status_code == 200
    assert front.origin.asked[0].body == upload


async def test_a_header_name_with_an_underscore_is_no_key(front: Front) -> None:
    await front.client.get("/api/v1/images", headers={"X_API_Key": "bnt_secret"})
    assert all("api" not in name for name, _ in front.origin.asked[0].headers)


async def test_pictures_are_passed_through_uncompressed(front: Front) -> None:
    front.origin.always(Answer(headers={"Content-Type": "application/json"}, body=BODY * 100))
    answer = await front.get("/api/v1/images", Accept_Encoding="gzip, br")
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Content-Length"] == str(len(BODY) * 100)


async def test_a_stored_answer_leaves_in_one_piece(front: Front) -> None:
    """Header and body held apart would wait for each other: 40 ms for every answer."""
    front.origin.always(Answer(headers={"Cache-Control": "public, max-age=60"}, body=BODY * 500))
    await front.get()
    loop = asyncio.get_running_loop()
    started = loop.time()
    for _ in range(50):
        await front.get()
    assert loop.time() - started < 50 * 0.02
    assert len(front.origin.asked) == 1
