"""Sizes and formats of live pictures over HTTP: one generation, every answer sound."""

from collections.abc import Callable
from io import BytesIO

import httpx
import pytest
from PIL import Image

from tests.edge.header_sets import (
    HIT,
    OPEN,
    PRIVATE,
    PUBLIC,
    SAFE,
    ensure_error,
    ensure_not_modified,
    ensure_picture,
)
from tests.edge.live_server import LiveServer, page, program, signed
from tests.fleet.processes import API_KEY
from tests.standins.replicate import ReplicateStandin

DERIVED = HIT | {"cache-status": 'edge; hit; ttl=86400; detail="derived"'}
KINDS = ("png", "jpeg", "webp", "avif")


@pytest.fixture(scope="module")
def stored(paid: LiveServer) -> str:
    """A landscape everybody may look at; its master has 672 by 384 pixels."""
    text = "a landscape in every size"
    made = paid.make(program(text, ar="16:9"))
    assert pixels(made) == (672, 384)
    return text


def pixels(answer: httpx.Response) -> tuple[int, int]:
    with Image.open(BytesIO(answer.content)) as image:
        image.load()
        return image.size


def keyed(server: LiveServer, target: str, **headers: str) -> httpx.Response:
    return server.ask(target, key=API_KEY, **headers)


def once_made(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer to the second request, when the first has made it."""
    assert ask().status_code == 200
    return ask()


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"w": "321"}, (321, 183)),
        ({"h": "100"}, (175, 100)),
        ({"w": "321", "h": "123"}, (321, 123)),
        ({"w": "100", "h": "300"}, (100, 300)),
        ({"w": "100", "dpr": "1.5"}, (150, 86)),
        ({"w": "300", "h": "300", "fit": "contain"}, (300, 300)),
        ({"w": "300", "h": "300", "fit": "inside"}, (300, 171)),
        ({"w": "672"}, (672, 384)),
        ({"w": "100000"}, (672, 384)),
        ({"w": "5000", "h": "5000"}, (384, 384)),
        ({"dpr": "3"}, (672, 384)),
    ],
    ids=str,
)
def test_the_known_get_exactly_the_size_they_ask_for(
    paid: LiveServer, stored: str, asked: dict[str, str], size: tuple[int, int]
) -> None:
    assert pixels(keyed(paid, program(stored, ar="16:9", **asked))) == size
    assert pixels(paid.ask(signed(stored, ar="16:9", **asked))) == size


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"w": "321"}, (384, 219)),
        ({"w": "384"}, (384, 219)),
        ({"h": "100"}, (224, 128)),
        ({"w": "150", "h": "100"}, (192, 128)),
        ({"w": "100", "dpr": "2"}, (256, 146)),
        ({"w": "1"}, (64, 37)),
        ({"w": "99999"}, (672, 384)),
    ],
    ids=str,
)
def test_strangers_get_the_next_size_of_the_ladder(
    paid: LiveServer, stored: str, asked: dict[str, str], size: tuple[int, int]
) -> None:
    assert pixels(paid.ask(page(stored, ar="16:9", **asked))) == size


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_described_as_what_it_is(paid: LiveServer, stored: str, kind: str) -> None:
    target = page(stored, ar="16:9", w="256", fm=kind)
    first = paid.ask(target)
    assert first.headers["content-type"] == f"image/{kind}"
    again = paid.ask(target)
    ensure_picture(again, PUBLIC, HIT)
    assert again.content == first.content
    assert first.headers["x-cache-status"] == "HIT"


def test_what_was_encoded_just_now_says_so_once(paid: LiveServer, prompt: str) -> None:
    made = paid.make(program(prompt))
    target = program(prompt, w="77", fm="webp")
    first, second = keyed(paid, target), keyed(paid, target)
    ensure_picture(first, PRIVATE, DERIVED)
    ensure_picture(second, PRIVATE, HIT)
    of_the_master = ("x-image-id", "x-image-thumbhash", "x-image-dominant-color", "cache-tag")
    for name in of_the_master:
        assert first.headers[name] == second.headers[name] == made.headers[name]
    assert first.headers["etag"] == second.headers["etag"] != made.headers["etag"]
    assert first.content == second.content


async def test_every_size_and_format_comes_from_one_generation(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    first = keyed(paid, program(prompt, w="100", fm="jpeg"))
    assert (first.status_code, first.headers["x-cache-status"]) == (200, "MISS")
    assert first.headers["cache-status"] == "edge; fwd=uri-miss; fwd-status=200; stored"
    for kind in KINDS:
        for width in ("50", "100", "150"):
            answer = keyed(paid, program(prompt, w=width, fm=kind))
            assert pixels(answer) == (int(width), int(width))
            assert answer.headers["x-cache-status"] == "HIT"
    assert keyed(paid, program(prompt)).headers["x-cache-status"] == "HIT"
    assert await replicate_standin.created() == 1


def test_quality_costs_bytes(paid: LiveServer, stored: str) -> None:
    sizes = [
        len(keyed(paid, program(stored, ar="16:9", w="640", fm="jpeg", q=quality)).content)
        for quality in ("10", "50", "95")
    ]
    assert sizes == sorted(set(sizes))


def test_a_crop_keeps_the_spot_in_view(paid: LiveServer, stored: str) -> None:
    left, middle, right = (
        keyed(paid, program(stored, ar="16:9", w="90", h="90", **{"fp-x": share, "fp-y": "0.5"}))
        for share in ("0", "0.5", "1")
    )
    assert len({left.content, middle.content, right.content}) == 3
    plain = keyed(paid, program(stored, ar="16:9", w="90", h="90"))
    assert plain.content == middle.content


def test_head_says_what_get_says_and_never_generates(
    paid: LiveServer, stored: str, prompt: str
) -> None:
    target = program(stored, ar="16:9", w="111", fm="webp")
    made = paid.ask(target, key=API_KEY, method="HEAD")
    assert (made.status_code, made.content) == (200, b"")
    told, whole = paid.ask(target, key=API_KEY, method="HEAD"), keyed(paid, target)
    for name in ("content-type", "content-length", "etag", "cache-control", "cache-status"):
        assert told.headers[name] == whole.headers[name]
    assert len(whole.content) == int(made.headers["content-length"])
    absent = paid.ask(program(prompt, w="111"), key=API_KEY, method="HEAD")
    assert absent.headers["cache-status"].endswith('detail="head-not-generated"')
    assert "etag" not in absent.headers


def test_only_if_cached_derives_and_never_generates(
    paid: LiveServer, stored: str, prompt: str
) -> None:
    cached = {"Cache_Control": "only-if-cached"}
    assert pixels(keyed(paid, program(stored, ar="16:9", w="112"), **cached)) == (112, 64)
    answer = keyed(paid, program(prompt, w="112"), **cached)
    ensure_error(answer, 504, "NOT_CACHED", detail="only-if-cached")


def test_a_stranger_gets_every_size_of_what_is_there_and_nothing_else(
    paid: LiveServer, stored: str, prompt: str
) -> None:
    assert paid.ask(page(stored, ar="16:9", w="100", fm="avif")).status_code == 200
    refused = paid.ask(page(prompt, w="100"))
    ensure_error(refused, 403, "SPENDING_NOT_ALLOWED", detail="spending-not-allowed")


def test_conditions_and_ranges_are_about_this_size(paid: LiveServer, stored: str) -> None:
    target = program(stored, ar="16:9", w="222", fm="jpeg")
    whole = once_made(lambda: keyed(paid, target))
    tag = whole.headers["etag"]
    ensure_not_modified(keyed(paid, target, If_None_Match=tag), PRIVATE, HIT)
    other = keyed(paid, program(stored, ar="16:9", w="223", fm="jpeg"), If_None_Match=tag)
    assert other.status_code == 200
    part = keyed(paid, target, Range="bytes=2-9")
    place = {"content-range": f"bytes 2-9/{len(whole.content)}"}
    ensure_picture(part, PRIVATE, HIT, place, status=206, body=whole.content)
    assert part.content == whole.content[2:10]
    late = keyed(paid, target, Range="bytes=9999999-")
    assert late.status_code == 416
    assert late.headers["content-range"] == f"bytes */{len(whole.content)}"


def test_a_signature_covers_the_size(paid: LiveServer, stored: str) -> None:
    target = signed(stored, ar="16:9", w="100", fm="webp")
    assert paid.ask(target).status_code == 200
    for tampered in (target.replace("w=100", "w=101"), target.replace("fm=webp", "fm=jpeg")):
        assert paid.ask(tampered).headers["x-error-code"] == "SIGNATURE_INVALID"
    grown = paid.ask(target + "&q=100")
    assert grown.headers["x-error-code"] == "SIGNATURE_INVALID"


def test_bad_sizes_are_named_all_at_once(paid: LiveServer) -> None:
    answer = keyed(paid, program("x", w="0", h="-1", dpr="4", fit="crop", q="101", fm="jpg"))
    fields = ensure_error(answer, 400, "VALIDATION_ERROR")["fields"]
    assert {field["name"]: (field["code"], field.get("suggestion")) for field in fields} == {
        "w": ("WIDTH_INVALID", None),
        "h": ("HEIGHT_INVALID", None),
        "dpr": ("DPR_INVALID", None),
        "fit": ("FIT_UNSUPPORTED", "cover"),
        "q": ("QUALITY_INVALID", None),
        "fm": ("FORMAT_UNSUPPORTED", "jpeg"),
    }


def test_the_painters_sizes_stand_in_for_a_minute_too(painter: LiveServer, prompt: str) -> None:
    answer = painter.ask(page(prompt, w="128", fm="webp"))
    assert answer.headers["x-cache-status"] == "MISS"
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert pixels(answer) == (128, 128)


def test_a_browser_that_reads_the_bytes_may_read_the_looks(paid: LiveServer, stored: str) -> None:
    answer = paid.ask(page(stored, ar="16:9", w="128"), Origin="https://example.org")
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"X-Image-ThumbHash", "X-Image-Dominant-Color"} <= set(exposed)
    assert OPEN.items() <= dict(answer.headers).items()
    assert SAFE.items() <= dict(answer.headers).items()
