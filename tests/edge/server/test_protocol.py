"""The connection: requests sent ahead, callers who leave or dawdle, any cut, any noise."""

import asyncio
import itertools
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.server.protocol import GuardedProtocol
from tests.edge.server.echoing import LAST, echo, get, post, refused
from tests.edge.server.raw_http import serving, talk


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    stream = b"".join(get(b"/%d" % number) for number in range(50))
    replies = talk(port, stream + LAST)
    assert [reply.json()["path"] for reply in replies] == [
        *(f"/{number}" for number in range(50)),
        "/last",
    ]


def test_thousands_of_requests_sent_ahead_wait_their_turn(port: int) -> None:
    replies = talk(port, get(b"/again") * 4_000 + LAST)
    assert len(replies) == 4_001


def test_a_flood_sent_ahead_is_thrown_away_after_the_answer_under_way() -> None:
    everything_sent = threading.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.to_thread(everything_sent.wait, 10)
        await echo(scope, receive, send)

    def flood() -> Iterator[bytes]:
        for _ in range(50):
            yield get(b"/ahead") * 2_000
        everything_sent.set()

    with serving(slow) as port:
        (reply,) = talk(port, flood())
    assert (reply.json()["path"], reply.headers["connection"]) == ("/ahead", "close")


def test_a_caller_who_leaves_is_noticed_whatever_was_sent_ahead() -> None:
    left = threading.Event()

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()

    with serving(listening) as port:
        with socket.create_connection(("127.0.0.1", port), 5) as caller:
            caller.sendall(get(b"/ahead") * 20_000)
        assert left.wait(5)


def test_a_refusal_waits_for_the_answers_before_it(port: int) -> None:
    replies = talk(port, get(b"/1") + get(b"/2") + b"BREW / HTTP/1.1\r\n\r\n" + get(b"/3"))
    assert [reply.json().get("path") for reply in replies[:2]] == ["/1", "/2"]
    refused(replies[2:], 400, "VALIDATION_ERROR")


def test_a_pipelined_request_is_guarded_as_well(port: int) -> None:
    replies = talk(port, get(b"/1") + get(b"/", *[b"A: b"] * 200))
    assert replies[0].status == 200
    refused(replies[1:], 431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize("start", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n", b"\r\n"])
def test_a_head_that_never_ends_is_cut_off(start: bytes) -> None:
    class Impatient(GuardedProtocol):
        head_patience = 0.2

    with (
        serving(echo, protocol=Impatient) as port,
        socket.create_connection(("127.0.0.1", port), 5) as connection,
    ):
        connection.sendall(start)
        assert connection.recv(1) == b""


def test_a_dripping_head_gains_no_time_by_dripping() -> None:
    class Impatient(GuardedProtocol):
        head_patience = 0.3

    with (
        serving(echo, protocol=Impatient) as port,
        socket.create_connection(("127.0.0.1", port), 0.02) as connection,
    ):
        drops = 0
        for byte in b"GET /" + b"a" * 1_000:
            try:
                connection.sendall(bytes([byte]))
                assert connection.recv(1) == b""
                break
            except TimeoutError:
                drops += 1
            except (BrokenPipeError, ConnectionResetError):
                break
        assert 1 <= drops < 100


STREAM = (
    get(b"/1?a=b")
    + post(b"/2", b"\r\n\r\nGET /no HTTP/1.1\r\n\r\n")
    + b"\r\n"
    + get("/3?ж".encode())
    + post(b"/unread", b"x" * 100)
    + LAST
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(1, len(STREAM) - 1), max_size=30))
def test_where_packets_are_cut_makes_no_difference(port: int, cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(STREAM)]
    pieces = [STREAM[start:stop] for start, stop in itertools.pairwise(edges)]
    seen = [reply.json() for reply in talk(port, pieces)]
    assert [(one["path"], one["query"], one["size"]) for one in seen] == [
        ("/1", "a=b", 0),
        ("/2", "", 24),
        ("/3", "%D0%B6", 0),
        ("/unread", "", 0),
        ("/last", "", 0),
    ]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(noise=st.binary(min_size=1, max_size=400))
def test_noise_never_gets_an_answer_that_may_be_kept(port: int, noise: bytes) -> None:
    for reply in talk(port, noise + b"\r\n\r\n" + LAST, heads_only=noise.startswith(b"HEAD")):
        assert reply.status == 200 or reply.headers["cache-control"] == "private, no-store"
