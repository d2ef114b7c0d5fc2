"""fm=auto: everybody gets the best format they named, and nobody one they did not."""

import httpx
import pytest

from tests.edge.header_sets import HIT, PUBLIC, ensure_not_modified, ensure_picture
from tests.edge.live_server import LiveServer, page, program
from tests.edge.test_live_derivatives import once_made, pixels
from tests.fleet.crowd import until

CHROMIUM = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
VARY = {"vary": "Accept"}


@pytest.fixture(scope="module")
def stored(paid: LiveServer) -> str:
    text = "a landscape in the best format"
    paid.make(program(text, ar="16:9"))
    return text


def negotiated(server: LiveServer, text: str, accept: str, **asked: str) -> httpx.Response:
    return server.ask(page(text, ar="16:9", fm="auto", **asked), Accept=accept)


async def finally_avif(server: LiveServer, text: str, **asked: str) -> httpx.Response:
    """AVIF is sent as soon as it is ready; nobody is made to wait for it."""
    found = []

    def ready() -> bool:
        answer = negotiated(server, text, CHROMIUM, **asked)
        found.append(answer)
        if answer.headers["content-type"] == "image/avif":
            return True
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["cache-control"] == "public, max-age=60"
        return False

    await until(ready, what="AVIF")
    return found[-1]


async def test_the_best_that_is_accepted_and_ready_is_sent(paid: LiveServer, stored: str) -> None:
    best = await finally_avif(paid, stored, w="256")
    ensure_picture(best, PUBLIC, HIT, VARY)
    webp = negotiated(paid, stored, "image/webp,*/*", w="256")
    assert webp.headers["content-type"] == "image/webp"
    ensure_picture(
        once_made(lambda: negotiated(paid, stored, "image/webp", w="256")), PUBLIC, HIT, VARY
    )


@pytest.mark.parametrize(
    "accept",
    [
        "image/jpeg",
        "*/*",
        "image/*",
        "image/*,*/*;q=0.8",
        "",
        "image/avif;q=0, image/webp;q=0",
        "x",
    ],
)
async def test_who_does_not_name_them_never_gets_avif_or_webp(
    paid: LiveServer, stored: str, accept: str
) -> None:
    await finally_avif(paid, stored, w="320")
    for _ in range(3):
        answer = negotiated(paid, stored, accept, w="320")
        assert answer.headers["content-type"] in {"image/jpeg", "image/png"}
        assert answer.headers["vary"] == "Accept"
        # The other one asks at the same address in between, and must not be repeated to this one.
        assert negotiated(paid, stored, CHROMIUM, w="320").headers["content-type"] == "image/avif"


def test_every_negotiated_answer_says_so_and_no_other(paid: LiveServer, stored: str) -> None:
    target = page(stored, ar="16:9", fm="auto", w="128")
    jpeg = {"Accept": "image/jpeg"}
    whole = once_made(lambda: paid.ask(target, **jpeg))
    tag = whole.headers["etag"]
    for answer, status in (
        (whole, 200),
        (paid.ask(target, method="HEAD", **jpeg), 200),
        (paid.ask(target, Range="bytes=0-9", **jpeg), 206),
        (paid.ask(target, If_None_Match=tag, **jpeg), 304),
    ):
        assert (answer.status_code, answer.headers["vary"]) == (status, "Accept")
        assert answer.headers["etag"] == tag
    ensure_not_modified(paid.ask(target, If_None_Match=tag, **jpeg), PUBLIC, HIT, VARY)
    for plain in (page(stored, ar="16:9", w="128"), page(stored, ar="16:9", w="128", fm="webp")):
        for _ in range(2):
            assert "vary" not in paid.ask(plain, Accept=CHROMIUM).headers


def test_negotiation_alone_is_enough(paid: LiveServer, stored: str) -> None:
    """Without a size it is the master's, in another format."""
    answer = negotiated(paid, stored, "image/webp")
    assert (answer.headers["content-type"], pixels(answer)) == ("image/webp", (672, 384))
