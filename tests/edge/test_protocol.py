"""What stands in front of the parser: refusals in our form, and nothing gets around it."""

import asyncio
import itertools
import socket
import threading
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.protocol import GuardedProtocol
from tests.edge.raw_http import Reply, serving, talk

LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Tells what arrived; reads the body of a POST, and of nothing else."""
    size = 0
    more = scope["method"] == "POST" and not scope["path"].startswith("/unread")
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message["more_body"]
    told = {
        "method": scope["method"],
        "path": scope["raw_path"].decode("ascii"),
        "query": scope["query_string"].decode("ascii"),
        "fields": len(scope["headers"]),
        "size": size,
    }
    body = orjson.dumps(told)
    length = str(len(body)).encode()
    headers = [(b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with serving(echo, loop=request.param) as port:
        yield port


def refused(replies: list[Reply], status: int, code: str, field_code: str | None = None) -> None:
    """Exactly one reply, in the form every error has."""
    assert [reply.status for reply in replies] == [status]
    reply = replies[0]
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "private, no-store"
    assert reply.headers["cdn-cache-control"] == "no-store"
    assert reply.headers["x-accel-expires"] == "0"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["connection"] == "close"
    envelope = reply.json()
    assert envelope["success"] is False
    error = envelope["error"]
    assert error["code"] == code == reply.headers["x-error-code"]
    assert error["requestId"] == reply.headers["x-request-id"]
    assert error["message"]
    if field_code is not None:
        assert [field["code"] for field in error["fields"]] == [field_code]


def get(target: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([b"GET %s HTTP/1.1" % target, b"Host: a", *fields, b"", b""])


MALFORMED = {
    "two lengths": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"
    ),
    "length and chunks": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
    "space before the colon": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"
    ),
    "unknown coding": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "folded field": b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: a\n\n",
    "one bare line feed": b"GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n",
    "hidden second head": b"GET / HTTP/1.1\r\nHost: a\n\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n",
    "bare carriage return": b"GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n",
    "NUL in a field": b"GET / HTTP/1.1\r\nHost: a\r\nA: b\x00c\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.0": b"GET / HTTP/3.0\r\nHost: a\r\n\r\n",
    "TLS hello": bytes.fromhex("16030100c8010000c403036f"),
    "unknown method": b"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n",
    "lower-case method": b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "noise": b"\x00\xff\x00\xff",
    "RTSP": b"DESCRIBE /x RTSP/1.0\r\nHost: a\r\n\r\n",
    "endless method": b"A" * 40,
}


@pytest.mark.parametrize("stream", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_not_http_gets_a_400_in_our_form(port: int, stream: bytes) -> None:
    refused(talk(port, stream), 400, "VALIDATION_ERROR", "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    "target", [b"/a b", b"/a\x01b", b"/a\x7fb", b"/a\tb", b"/a#b", b"a", b"*", b"ftp://a/x"]
)
def test_a_target_that_is_no_url_gets_a_400(port: int, target: bytes) -> None:
    refused(talk(port, get(target)), 400, "VALIDATION_ERROR", "TARGET_INVALID")


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "HOST_MISSING"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n", "HOST_INVALID"),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "HOST_INVALID"),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "HOST_INVALID"),
        (b"GET http://a/ HTTP/1.1\r\n\r\n", "HOST_MISSING"),
    ],
)
def test_one_sound_host_is_wanted(port: int, stream: bytes, code: str) -> None:
    refused(talk(port, stream), 400, "VALIDATION_ERROR", code)


@pytest.mark.parametrize(
    "target", [b"http://b/", b"http://a@b/", b"http://a:81/", b"http://user@a/"]
)
def test_a_target_for_another_site_is_misdirected(port: int, target: bytes) -> None:
    refused(talk(port, get(target)), 421, "MISDIRECTED_REQUEST")


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"http://A/live?x=1", "/live", "x=1"),
        (b"HTTP://a", "/", ""),
        (b"https://a?x=/", "/", "x=/"),
    ],
)
def test_an_absolute_target_of_ours_means_its_path(
    port: int, target: bytes, path: str, query: str
) -> None:
    (reply,) = talk(port, get(target, b"Connection: close"))
    assert (reply.status, reply.json()["path"], reply.json()["query"]) == (200, path, query)


def test_raw_utf8_in_the_target_is_its_percent_encoded_form(port: int) -> None:
    raw = get("/live?prompt=грузовик".encode(), b"Connection: close")
    encoded = get(
        b"/live?prompt=%D0%B3%D1%80%D1%83%D0%B7%D0%BE%D0%B2%D0%B8%D0%BA", b"Connection: close"
    )
    assert talk(port, raw)[0].json() == talk(port, encoded)[0].json()


def test_bytes_that_are_no_utf8_are_passed_on_encoded_for_the_application_to_refuse(
    port: int,
) -> None:
    (reply,) = talk(port, get(b"/live?prompt=\xff\x80", b"Connection: close"))
    assert reply.json()["query"] == "prompt=%FF%80"


def test_a_target_of_16_kib_passes_and_one_more_byte_is_too_long(port: int) -> None:
    longest = b"/" + b"a" * 16_383
    assert talk(port, get(longest, b"Connection: close"))[0].status == 200
    refused(talk(port, get(longest + b"a")), 414, "URI_TOO_LONG")


def test_a_target_of_raw_bytes_may_be_as_long(port: int) -> None:
    longest = b"/?" + b"\xd0" * 16_382
    assert talk(port, get(longest, b"Connection: close"))[0].status == 200


def test_an_endless_target_is_refused_before_it_ends(port: int) -> None:
    refused(talk(port, b"GET /" + b"a" * 5_000_000), 414, "URI_TOO_LONG")


def test_a_hundred_fields_pass_and_one_more_is_too_many(port: int) -> None:
    fields = [b"A%d: b" % number for number in range(98)]
    assert talk(port, get(b"/", *fields, b"Connection: close"))[0].json()["fields"] == 100
    refused(talk(port, get(b"/", *fields, b"Connection: close", b"Z: z")), 431, "HEADERS_TOO_LARGE")


def test_a_header_block_of_16_kib_passes_and_more_is_too_large(port: int) -> None:
    room = 16_384 - len(b"Host: a\r\nConnection: close\r\nA: \r\n\r\n")
    assert talk(port, get(b"/", b"Connection: close", b"A: " + b"b" * room))[0].status == 200
    refused(
        talk(port, get(b"/", b"Connection: close", b"A: " + b"b" * (room + 1))),
        431,
        "HEADERS_TOO_LARGE",
    )


def test_a_header_of_5_mb_is_refused_and_the_refusal_arrives(port: int) -> None:
    refused(talk(port, get(b"/", b"A: " + b"b" * 5_000_000)), 431, "HEADERS_TOO_LARGE")


def test_5000_fields_are_refused(port: int) -> None:
    refused(talk(port, get(b"/", *[b"A: b"] * 5_000)), 431, "HEADERS_TOO_LARGE")


def test_a_head_may_come_byte_by_byte(port: int) -> None:
    stream = get("/live?prompt=грузовик".encode(), b"Connection: close")
    (reply,) = talk(port, [bytes([byte]) for byte in stream])
    assert reply.json()["query"].startswith("prompt=%D0%B3")


def test_an_empty_line_before_a_request_is_forgiven(port: int) -> None:
    assert [reply.status for reply in talk(port, b"\r\n\r\n" + LAST)] == [200]


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


def post(path: bytes, body: bytes) -> bytes:
    head = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (path, len(body))
    return head + body


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


def test_connect_is_refused(port: int) -> None:
    refused(
        talk(port, b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        400,
        "VALIDATION_ERROR",
        "TARGET_INVALID",
    )


def test_a_refused_head_request_gets_no_body(port: int) -> None:
    (reply,) = talk(port, b"HEAD / HTTP/1.1\r\n\r\n", heads_only=True)
    assert reply.status == 400
    assert int(reply.headers["content-length"]) > 0


def test_a_request_of_http_1_0_needs_no_host(port: int) -> None:
    (reply,) = talk(port, b"GET /old HTTP/1.0\r\n\r\n")
    assert reply.status == 200


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
