"""What is shown of a picture that is made anew: blurred, what it was; else a colour of its own."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.edge.api.serving import Served, served
from tests.edge.header_sets import ensure_png
from tests.edge.linting import ensure_sound_undated
from tests.edge.live_server import program
from tests.fleet.parts import paid_settings
from tests.standins.replicate import ReplicateStandin

IMG = {"Sec-Fetch-Dest": "image"}
LOOKS = ("x-image-thumbhash", "x-image-dominant-color")


@pytest.fixture
async def app(tmp_path: Path, replicate_standin: ReplicateStandin) -> AsyncIterator[Served]:
    """Nothing but its store remembers a picture."""
    settings = paid_settings(replicate_standin) | {"EDGE_MEMORY_CACHE_BYTES": "0"}
    async with served(tmp_path, **settings) as running:
        yield running


async def ask(app: Served, target: str, **headers: str) -> httpx.Response:
    answer = await app.client.get(target, headers=headers)
    ensure_sound_undated(answer)
    return answer


def colors(answer: httpx.Response) -> int:
    with Image.open(BytesIO(answer.content)) as image:
        return len(image.convert("RGB").getcolors(512 * 512))


async def test_a_picture_whose_bytes_were_lost_is_shown_blurred_while_it_is_made_anew(
    app: Served, replicate_standin: ReplicateStandin, tmp_path: Path, prompt: str
) -> None:
    before = await ask(app, program(prompt, ar="16:9"))
    for kept in (tmp_path / "pictures").glob("**/" + "?" * 32 + "*"):
        kept.unlink()
    await replicate_standin.hold()
    shown = await ask(app, program(prompt, ar="16:9", wait="0"), **IMG)
    assert (shown.status_code, shown.headers["retry-after"]) == (202, "2")
    ensure_png(shown, "16:9")
    assert colors(shown) > 1000
    told = await ask(app, program(prompt, ar="16:9", wait="0"), Accept="application/json")
    assert set(told.json()["data"]) == {"status", "id"}
    for answer in (shown, told):
        assert [answer.headers[name] for name in LOOKS] == [before.headers[name] for name in LOOKS]
    await replicate_standin.release()
    assert (await ask(app, program(prompt, ar="16:9"))).status_code == 200


async def test_a_picture_nobody_has_seen_is_a_field_of_its_own_colour(
    app: Served, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    await replicate_standin.hold()
    wished = {"ar": "16:9", "wait": "0"}
    shown = await ask(app, program(prompt, **wished), **IMG)
    again = await ask(app, program(prompt, **wished), **IMG)
    ensure_png(shown, "16:9")
    assert shown.content == again.content
    assert colors(shown) <= 64
    other = await ask(app, program(f"not {prompt}", **wished), **IMG)
    assert other.content != shown.content
    assert not set(LOOKS) & set(shown.headers)
    await replicate_standin.release()


@pytest.mark.parametrize(
    ("wished", "ratio"),
    [
        ({"w": "300", "h": "100"}, "3:1"),
        ({"w": "300", "h": "100", "fit": "contain"}, "3:1"),
        ({"w": "300", "h": "100", "fit": "inside"}, "16:9"),
        ({"w": "300"}, "16:9"),
    ],
    ids=str,
)
async def test_a_placeholder_has_the_shape_of_what_will_come(
    app: Served,
    replicate_standin: ReplicateStandin,
    prompt: str,
    wished: dict[str, str],
    ratio: str,
) -> None:
    await replicate_standin.hold()
    target = program(prompt, ar="16:9", **wished)
    ensure_png(await ask(app, f"{target}&wait=0", **IMG), ratio)
    await replicate_standin.release()
    assert (await ask(app, target)).status_code == 200


async def test_a_size_that_was_not_waited_for_is_there_later(
    app: Served, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    await replicate_standin.hold()
    target = program(prompt, w="100", fm="webp")
    assert (await ask(app, f"{target}&wait=0")).status_code == 202
    await replicate_standin.release()
    answer = await ask(app, target)
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["x-cache-status"] == "COALESCED"
    assert await replicate_standin.created() == 1
