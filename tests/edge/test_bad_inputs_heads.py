"""Heads that never become a request, and the little that a body with a GET may do."""

import pytest

from tests.edge.header_sets import NO_STORE, NOSNIFF, ensure_error, ensure_exact
from tests.edge.live_server import KEY_LINE, LiveServer, exact, program
from tests.edge.server.raw_http import talk
from tests.standins.replicate import ReplicateStandin

GOOD = b"GET /api/v1/live?prompt=canarybird HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"
END = KEY_LINE + b"\r\n\r\n"


def target(length: int) -> bytes:
    """A request whose target has this many bytes."""
    start = b"/api/v1/live?prompt="
    return b"GET " + start + b"a" * (length - len(start)) + b" HTTP/1.1\r\n" + HOST + END


# What never becomes a request: the whole of what is sent, the status, the code, the field's code.
HEADS: dict[str, tuple[bytes, int, str, str | None]] = {
    "a target of 16,385 bytes": (target(16_385), 414, "URI_TOO_LONG", None),
    "a target of 64 KiB": (target(65_537), 414, "URI_TOO_LONG", None),
    "headers beyond 16 KiB": (
        GOOD + HOST + b"X-Long: " + b"a" * 16_384 + b"\r\n" + END,
        431,
        "HEADERS_TOO_LARGE",
        None,
    ),
    "101 fields": (
        GOOD + HOST + b"X-A: b\r\n" * 99 + END,
        431,
        "HEADERS_TOO_LARGE",
        None,
    ),
    "a raw space": (
        b"GET /api/v1/live?prompt=canarybird sings HTTP/1.1\r\n" + HOST + END,
        400,
        "VALIDATION_ERROR",
        "TARGET_INVALID",
    ),
    "a fragment": (
        b"GET /api/v1/live?prompt=canarybird#sings HTTP/1.1\r\n" + HOST + END,
        400,
        "VALIDATION_ERROR",
        "TARGET_INVALID",
    ),
    "another site's absolute form": (
        b"GET http://elsewhere.example/api/v1/live?prompt=canarybird HTTP/1.1\r\n" + HOST + END,
        421,
        "MISDIRECTED_REQUEST",
        None,
    ),
    "no host": (GOOD + END, 400, "VALIDATION_ERROR", "HOST_MISSING"),
    "two hosts": (GOOD + HOST + HOST + END, 400, "VALIDATION_ERROR", "HOST_INVALID"),
    "a host with a path": (
        GOOD + b"Host: a/b\r\n" + END,
        400,
        "VALIDATION_ERROR",
        "HOST_INVALID",
    ),
    **{
        name: (sent, 400, "VALIDATION_ERROR", "MALFORMED_REQUEST")
        for name, sent in {
            "length and chunks": GOOD
            + HOST
            + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
            + END,
            "two lengths": GOOD + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n" + END,
            "a space before the colon": GOOD + HOST + b"Transfer-Encoding : chunked\r\n" + END,
            "a folded line": GOOD + HOST + b"X-A: b\r\n c\r\n" + END,
            "a bare line feed": GOOD + HOST + b"X-A: b\n" + END,
            "HTTP/0.9": b"GET /api/v1/live?prompt=canarybird\r\n\r\n",
            "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x07" * 64,
            "a coffee pot": b"BREW /api/v1/live?prompt=canarybird HTTP/1.1\r\n" + HOST + END,
        }.items()
    },
}


@pytest.mark.parametrize("name", HEADS)
def test_a_bad_head_never_becomes_a_request(paid: LiveServer, name: str) -> None:
    sent, status, code, blamed = HEADS[name]
    answer = exact(paid.process.port, sent)
    assert answer.status_code == status
    lines = NO_STORE | NOSNIFF | {"x-error-code": code, "content-type": "application/json"}
    ensure_exact(answer, lines, {"content-length", "x-request-id"})
    assert b"canarybird" not in answer.content
    error = answer.json()["error"]
    assert error["code"] == code
    assert [field["code"] for field in error.get("fields", [])] == ([blamed] if blamed else [])


async def test_none_of_them_buys_a_picture(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    """The good request at the end passes the same way, so it comes after all of them."""
    flights = paid.process.metric("edge_cache_flights_total")
    for sent, *_ in HEADS.values():
        exact(paid.process.port, sent)
    paid.make(program(prompt))
    assert await replicate_standin.created() == 1
    assert paid.process.metric("edge_cache_flights_total") == flights + 1


def test_a_target_of_exactly_16_kib_is_read(paid: LiveServer) -> None:
    sent = target(16_384).replace(HOST, HOST + b"Connection: close\r\n")
    error = ensure_error(exact(paid.process.port, sent), 400, "VALIDATION_ERROR")
    assert error["fields"][0]["code"] == "PROMPT_TOO_LONG"


@pytest.mark.parametrize("length", [b"Content-Length: 5", b"Content-Length: 1000000"])
def test_a_body_with_a_get_is_not_read(paid: LiveServer, length: bytes) -> None:
    picture = paid.make("/api/v1/live?prompt=a+bird+in+a+cage")
    head = b"GET /api/v1/live?prompt=a+bird+in+a+cage HTTP/1.1\r\n" + HOST + length + b"\r\n" + END
    body = b'{"prompt":"another"}'.ljust(int(length.split()[1]))
    (reply,) = talk(paid.process.port, [head, body])
    assert (reply.status, reply.body) == (200, picture.content)
    assert reply.headers["x-image-id"] == picture.headers["x-image-id"]
    assert reply.headers["connection"] == "close"


def test_a_chunked_body_with_a_get_is_not_read(paid: LiveServer) -> None:
    picture = paid.make("/api/v1/live?prompt=a+bird+in+a+cage")
    head = b"GET /api/v1/live?prompt=a+bird+in+a+cage HTTP/1.1\r\n" + HOST
    (reply,) = talk(
        paid.process.port,
        [head + b"Transfer-Encoding: chunked\r\n" + END, b"5\r\nhello\r\n0\r\n\r\n"],
    )
    assert (reply.status, reply.body) == (200, picture.content)
