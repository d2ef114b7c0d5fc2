"""What the head of a request may be: its form, its target, its host, its size."""

import pytest

from tests.edge.server.echoing import LAST, get, refused
from tests.edge.server.raw_http import talk

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
