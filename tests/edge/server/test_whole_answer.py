"""An answer handed over whole is the same on the wire as one in two messages."""

import asyncio
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from edge.server.whole_answer import WHOLE, whole_message
from tests.edge.server.raw_http import serving, talk

BODY = b"picture" * 50_000
HEADERS = [
    (b"content-type", b"image/png"),
    (b"content-length", b"%d" % len(BODY)),
    (b"x-cache-status", b"HIT"),
]
MESSAGE = whole_message(HEADERS, BODY, cache="HIT")
FIRST = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
OLD = b"GET %s HTTP/1.0\r\n\r\n"


async def either(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/slow":
        await asyncio.sleep(2.1)
    if scope["path"] == "/whole":
        assert WHOLE in scope["extensions"]
        await send(MESSAGE)
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with serving(either, loop=request.param) as port:
        yield port


@pytest.mark.parametrize(
    "requests", [[FIRST, LAST], [OLD], [FIRST, FIRST, FIRST, LAST]], ids=["two", "old", "four"]
)
def test_it_is_the_same_on_the_wire(port: int, requests: list[bytes]) -> None:
    whole = talk(port, b"".join(request % b"/whole" for request in requests))
    usual = talk(port, b"".join(request % b"/usual" for request in requests))
    assert len(whole) == len(requests)
    for one, other in zip(whole, usual, strict=True):
        assert one.headers.pop("date")
        assert other.headers.pop("date")
        assert (one.status, one.headers, one.body) == (other.status, other.headers, other.body)


def test_both_kinds_may_follow_each_other(port: int) -> None:
    replies = talk(port, FIRST % b"/whole" + FIRST % b"/usual" + LAST % b"/whole")
    assert [reply.body for reply in replies] == [BODY] * 3


def test_an_answer_that_took_long_is_dated_when_it_is_sent(port: int) -> None:
    (reply,) = talk(port, LAST % b"/slow")
    (whole,) = talk(port, LAST % b"/whole")
    sent = parsedate_to_datetime(reply.headers["date"])
    assert (parsedate_to_datetime(whole.headers["date"]) - sent).total_seconds() in (0, 1)
