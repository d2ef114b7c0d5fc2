"""Callers who will not wait: a promise, a placeholder, and the picture a moment later."""

import httpx
import pytest

from tests.edge.header_sets import (
    HIT,
    NO_STORE,
    OPEN,
    PRIVATE,
    SAFE,
    UUID,
    ensure_exact,
    ensure_picture,
    ensure_png,
)
from tests.edge.live_server import LiveServer, program, signed
from tests.fleet.crowd import until
from tests.fleet.processes import API_KEY
from tests.standins.replicate import ReplicateStandin

PLAIN_IMG = {"Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}


@pytest.mark.parametrize("wait", ["0", "1"])
async def test_a_program_that_will_not_wait_gets_a_promise_that_comes_true(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str, wait: str
) -> None:
    await replicate_standin.hold()
    answer = paid.ask(program(prompt, wait=wait), key=API_KEY)
    assert answer.elapsed.total_seconds() >= int(wait)
    _ensure_promise(answer, "application/json")
    promised = answer.json()
    generation = promised["data"]["id"]
    assert promised == {"success": True, "data": {"status": "processing", "id": generation}}
    assert UUID.fullmatch(generation)
    assert answer.headers["link"] == f'</api/v1/generations/{generation}>; rel="monitor"'
    again = paid.ask(program(prompt, wait="0"), key=API_KEY)
    assert again.json()["data"]["id"] == generation
    await replicate_standin.release()
    await until(lambda: _is_there(paid, prompt), what="the picture")
    ensure_picture(paid.ask(program(prompt), key=API_KEY), PRIVATE, HIT)
    assert await replicate_standin.created() == 1


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:21"])
async def test_an_image_that_will_not_wait_gets_a_placeholder(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str, ratio: str
) -> None:
    await replicate_standin.hold()
    target = signed(prompt, aspectRatio=ratio, wait="0")
    answer = paid.ask(target, Sec_Fetch_Dest="image")
    _ensure_promise(answer, "image/png")
    ensure_png(answer, ratio)
    by_accept = paid.ask(target, **PLAIN_IMG)
    assert by_accept.content == answer.content
    await replicate_standin.release()
    await until(lambda: paid.ask(target).headers.get("x-cache-status") == "HIT")
    assert await replicate_standin.created() == 1


def _ensure_promise(answer: httpx.Response, kind: str) -> None:
    assert answer.status_code == 202
    lines = NO_STORE | SAFE | OPEN | {"content-type": kind, "retry-after": "2"}
    ensure_exact(answer, lines, {"content-length", "x-request-id", "link"})


def _is_there(server: LiveServer, prompt: str) -> bool:
    looked = server.ask(program(prompt), key=API_KEY, Cache_Control="only-if-cached")
    return looked.status_code == 200
