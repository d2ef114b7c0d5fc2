"""Where a request ends: bodies read, bodies left unread, and nothing smuggled behind them."""

import pytest

from tests.edge.server.echoing import LAST, get, post, refused
from tests.edge.server.raw_http import talk


def test_a_body_is_read_to_its_length_and_what_follows_is_a_request(port: int) -> None:
    body = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n" * 5_000
    replies = talk(port, post(b"/1", body) + post(b"/2", b"") + post(b"/3", b"xyz") + LAST)
    seen = [(reply.json()["path"], reply.json()["size"]) for reply in replies]
    assert seen == [("/1", len(body)), ("/2", 0), ("/3", 3), ("/last", 0)]


def test_a_small_unread_body_is_drained_and_the_connection_kept(port: int) -> None:
    replies = talk(port, post(b"/unread", b"x" * 1_000) + LAST)
    assert [reply.json()["path"] for reply in replies] == ["/unread", "/last"]


def test_a_large_unread_body_ends_the_connection_but_not_the_answer(port: int) -> None:
    head = b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n"
    replies = talk(port, [head, *[b"x" * 500_000] * 4])
    assert [reply.json()["path"] for reply in replies] == ["/unread"]


def test_chunks_are_read_and_the_connection_ends_with_them(port: int) -> None:
    head = b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    (reply,) = talk(port, head + chunks + get(b"/", *[b"A: b"] * 500))
    assert (reply.json()["size"], reply.headers["connection"]) == (7, "close")


def test_broken_chunks_are_refused(port: int) -> None:
    head = b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    refused(talk(port, head + b"3\r\nabc\r\nnonsense\r\n"), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_a_get_with_a_body_is_answered_without_it_and_closed(port: int, method: bytes) -> None:
    plain = talk(port, method + LAST[3:], heads_only=method == b"HEAD")
    head = method + b" /last HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 1000000\r\n\r\n"
    fat = talk(
        port,
        head + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n" * 27_000,
        heads_only=method == b"HEAD",
    )
    assert [reply.status for reply in fat] == [200]
    assert fat[0].headers["connection"] == "close"
    assert fat[0].headers["content-length"] == str(int(plain[0].headers["content-length"]))


def test_a_get_with_chunks_is_answered_without_them_and_closed(port: int) -> None:
    stream = get(b"/1", b"Transfer-Encoding: chunked") + b"nonsense" * 100
    (reply,) = talk(port, stream)
    assert (reply.status, reply.headers["connection"]) == (200, "close")


def test_an_upgrade_is_declined_with_an_ordinary_answer(port: int) -> None:
    stream = get(b"/1", b"Connection: Upgrade", b"Upgrade: websocket") + b"\x81\x05hello"
    (reply,) = talk(port, stream)
    assert (reply.status, reply.headers["connection"]) == (200, "close")
