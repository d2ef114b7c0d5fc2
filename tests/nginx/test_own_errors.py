"""Errors that nginx itself answers look like all others and are kept by nobody."""

import asyncio

import httpx
import pytest

from tests.nginx.front import LIVE, Front, Reply, error_of
from tests.servers.nginx import StartNginx
from tests.standins.origin import Answer, Origin, refusal

pytestmark = pytest.mark.needs_apt

HOST = "Host: x\r\nConnection: close\r\n"
END = HOST + "\r\n"
# Each is refused by nginx before the server hears of it.
MALFORMED = {
    "raw space": (400, f"GET {LIVE} b HTTP/1.1\r\n{END}"),
    "long target": (414, f"GET {LIVE}{'x' * 17500} HTTP/1.1\r\n{END}"),
    "long header": (400, f"GET {LIVE} HTTP/1.1\r\nA: {'x' * 17500}\r\n{END}"),
    "no host": (400, f"GET {LIVE} HTTP/1.1\r\nConnection: close\r\n\r\n"),
    "two hosts": (400, f"GET {LIVE} HTTP/1.1\r\nHost: y\r\n{END}"),
    "two lengths": (400, f"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n{END}"),
    "length and chunks": (
        400,
        f"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n{END}0\r\n\r\n",
    ),
    "space before colon": (400, f"GET / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n{END}"),
    "folded header": (400, f"GET / HTTP/1.1\r\nA: b\r\n c\r\n{END}"),
    "unknown coding": (501, f"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n{END}"),
    "null byte": (400, f"GET /%00 HTTP/1.1\r\n{END}"),
    "above the root": (400, f"GET /../../x HTTP/1.1\r\n{END}"),
    "trace": (405, f"TRACE / HTTP/1.1\r\n{END}"),
    "connect": (400, f"CONNECT a:1 HTTP/1.1\r\n{END}"),
    "other version": (505, f"GET / HTTP/2.0\r\n{END}"),
    "large body": (
        413,
        f"POST / HTTP/1.1\r\nContent-Length: 6300000\r\n{END}{'x' * 6_300_000}",
    ),
    "tls": (400, "\x16\x03\x01\x00\x01"),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_refused_request_gets_the_envelope(front: Front, name: str) -> None:
    status, request = MALFORMED[name]
    reply = await front.exactly(request.encode("latin-1"))
    assert reply.status == status
    _is_an_error_for_nobody_to_keep(reply)
    assert not front.origin.asked


async def test_the_oldest_http_is_refused(front: Front) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", front.nginx.port)
    writer.write(f"GET {LIVE}\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert b"VALIDATION_ERROR" in answer
    assert not front.origin.asked


async def test_the_longest_target_passes(front: Front) -> None:
    target = LIVE + "x" * (16_384 - len(LIVE))
    for _ in range(2):
        reply = await front.exactly(f"GET {target} HTTP/1.1\r\n{END}".encode())
        assert reply.status == 200
    assert [asked.target.decode() for asked in front.origin.asked] == [target]


async def test_metrics_are_for_machines_inside(front: Front) -> None:
    for target in ("/metrics", "/metrics/", "//metrics", "/%6detrics", "/x/../metrics?a=1"):
        reply = await front.exactly(f"GET {target} HTTP/1.1\r\n{END}".encode())
        assert reply.status == 404
        _is_an_error_for_nobody_to_keep(reply)
    assert not front.origin.asked


async def test_the_error_page_is_no_address_of_its_own(front: Front) -> None:
    assert (await front.get("/.edge/error")).status_code == 404


async def test_a_server_that_is_away_is_an_error_for_nobody_to_keep(front: Front) -> None:
    await front.origin.crash()
    for target in (LIVE, "/api/v1/generations", "/health"):
        answer = await front.get(target, X_Request_Id="chosen-by-the-caller")
        assert answer.status_code == 502
        assert error_of(answer)["requestId"] == "chosen-by-the-caller"
        assert answer.headers["Retry-After"] == "5"
        assert answer.headers.get_list("Cache-Control") == ["private, no-store"]
    absent = await front.head(LIVE)
    assert (absent.status_code, absent.content) == (502, b"")


async def test_a_client_that_dawdles_is_let_go(origin: Origin, start_nginx: StartNginx) -> None:
    edits = (
        ("client_header_timeout 15s;", "client_header_timeout 1s;"),
        ("client_body_timeout 15s;", "client_body_timeout 1s;"),
    )
    nginx = start_nginx(origin.port, *edits)
    async with httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client:
        front = Front(nginx, origin, client)
        async with asyncio.TaskGroup() as group:
            header = group.create_task(_bytes_until_closed(front, b"GET / HTTP/1.1\r\nA:"))
            post = f"POST / HTTP/1.1\r\nContent-Length: 9\r\n{END}abc"
            body = group.create_task(_bytes_until_closed(front, post.encode()))
    assert header.result() == b""
    # nginx closes such a connection without a word or with a 408 of ours; never with another.
    assert body.result() == b"" or b"REQUEST_TIMEOUT" in body.result()
    assert not origin.asked


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 414, 416, 429, 500, 503])
async def test_the_servers_own_errors_pass_unchanged(front: Front, status: int) -> None:
    sent = refusal(status, "OF_THE_SERVER")
    front.origin.always(sent)
    for target in (LIVE, "/api/v1/generations"):
        answer = await front.get(target)
        assert (answer.status_code, answer.content) == (status, sent.body)
        assert answer.headers["X-From"] == "server"
        for name in ("Cache-Control", "CDN-Cache-Control"):
            assert answer.headers.get_list(name) == [sent.headers[name]]
        assert "X-Error-Code" not in answer.headers


async def test_the_server_answers_wrong_methods(front: Front) -> None:
    front.origin.always(Answer(status=405, headers={"Allow": "GET, HEAD, OPTIONS"}))
    for method in ("POST", "PUT", "DELETE", "BREW"):
        answer = await front.client.request(method, LIVE)
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert len(front.origin.asked) == 4


def _is_an_error_for_nobody_to_keep(reply: Reply) -> None:
    answer = httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)
    error = error_of(answer)
    assert error["code"] == answer.headers["X-Error-Code"]
    assert error["requestId"] == answer.headers["X-Request-Id"]
    assert error["message"]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["CDN-Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] == "nginx"


async def _bytes_until_closed(front: Front, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", front.nginx.port)
    writer.write(request)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
