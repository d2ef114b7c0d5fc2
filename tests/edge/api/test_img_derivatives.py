"""/cdn/…/img in other sizes and formats: the same parameters, the record's own focal point."""

import time
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from tests.edge.api.serving import Served, served
from tests.edge.linting import ensure_sound_undated

LEFT, RIGHT = (208, 32, 32), (32, 32, 208)


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("img")) as running:
        yield running


def halves() -> bytes:
    """Red at the left, blue at the right, 600 by 300."""
    picture = Image.new("RGB", (600, 300), LEFT)
    picture.paste(RIGHT, (300, 0, 600, 300))
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


async def upload(app: Served, **form: str) -> dict[str, Any]:
    sent = {"file": ("halves.png", halves(), "image/png")}
    answer = await app.client.post("/api/v1/images/upload", files=sent, data=form)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def ask(
    app: Served,
    address: str,
    *,
    method: str = "GET",
    known: bool = False,
    headers: Any = None,
    **asked: str,
) -> httpx.Response:
    request = app.client.build_request(method, address, params=asked, headers=headers)
    if not known:
        del request.headers["X-API-Key"]
    answer = await app.client.send(request)
    ensure_sound_undated(answer)
    return answer


def opened(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    with Image.open(BytesIO(answer.content)) as image:
        image.load()
        return image.convert("RGB")


def near(seen: Any, color: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 40 for one, other in zip(seen, color, strict=True))


async def test_it_comes_in_every_size_and_format(app: Served) -> None:
    image = await upload(app)
    for kind in ("png", "jpeg", "webp", "avif"):
        answer = await ask(app, image["url"], w="128", fm=kind)
        assert answer.headers["content-type"] == f"image/{kind}"
        assert opened(answer).size == (128, 64)
        assert answer.headers["x-image-id"] == image["id"]
        assert answer.headers["x-image-thumbhash"] == image["thumbHash"]
        assert answer.headers["x-image-dominant-color"] == image["dominantColor"]
        assert answer.headers["x-cache-status"] == "HIT"
        assert answer.headers["cache-control"].startswith("public, max-age=86400")


async def test_the_known_get_exactly_what_they_ask_for(app: Served) -> None:
    url = (await upload(app))["url"]
    assert opened(await ask(app, url, w="101")).size == (128, 64)
    assert opened(await ask(app, url, known=True, w="101")).size == (101, 51)
    path = urlsplit(url).path
    given = app.state["signer"].sign(path, {"w": "101"}, int(time.time()) + 3600)
    signed = await ask(app, path, **given)
    assert opened(signed).size == (101, 51)
    assert opened(await ask(app, url, known=True, w="99999")).size == (600, 300)


async def test_a_crop_goes_by_the_record_unless_the_address_knows_better(app: Served) -> None:
    image = await upload(app)
    square = {"w": "64", "h": "64"}
    for share, color in ((0.0, LEFT), (1.0, RIGHT)):
        point = {"focalPoint": {"x": share, "y": 0.5}}
        await app.client.put(f"/api/v1/images/{image['id']}", json=point)
        # Twice: what was made for the other point must not be recalled.
        for _ in range(2):
            shown = opened(await ask(app, image["url"], **square))
            assert shown.size == (64, 64)
            assert near(shown.getpixel((5, 32)), color)
            assert near(shown.getpixel((58, 32)), color)
    told = opened(await ask(app, image["url"], **square, **{"fp-x": "0", "fp-y": "0"}))
    assert near(told.getpixel((58, 32)), LEFT)


async def test_equal_uploads_share_the_bytes_and_not_the_name(app: Served) -> None:
    one, two = await upload(app), await upload(app)
    for image in (one, two, one):
        answer = await ask(app, image["url"], w="96", fm="webp")
        assert answer.headers["x-image-id"] == image["id"]
        assert f"i-{image['id']}" in answer.headers["cache-tag"].split(",")
    await app.client.delete(f"/api/v1/images/{one['id']}")
    gone = await ask(app, one["url"], w="96", fm="webp")
    assert (gone.status_code, gone.headers["x-error-code"]) == (404, "IMAGE_NOT_FOUND")
    assert (await ask(app, two["url"], w="96", fm="webp")).status_code == 200


async def test_a_name_is_believed_for_half_a_minute_in_every_size(app: Served) -> None:
    image = await upload(app, alias="@halves")
    path = urlsplit(image["url"]).path.rpartition("/")[0] + "/@halves"
    for _ in range(2):
        answer = await ask(app, path, w="64", fm="webp")
        assert answer.headers["cache-control"] == "public, max-age=30"
        assert answer.headers["cdn-cache-control"] == "max-age=30"
        assert answer.headers["cache-tag"].endswith("-halves")


async def test_conditions_ranges_and_head_are_about_this_size(app: Served) -> None:
    url = (await upload(app))["url"]
    wished = {"w": "64", "fm": "jpeg"}
    await ask(app, url, **wished)
    whole = await ask(app, url, **wished)
    head = await ask(app, url, method="HEAD", **wished)
    assert (head.status_code, head.content, head.headers) == (200, b"", whole.headers)
    known = {"If-None-Match": whole.headers["etag"]}
    assert (await ask(app, url, headers=known, **wished)).status_code == 304
    assert (await ask(app, url, headers=known, w="64", fm="png")).status_code == 200
    part = await ask(app, url, headers={"Range": "bytes=0-9"}, **wished)
    assert (part.status_code, part.content) == (206, whole.content[:10])
    assert whole.headers["content-disposition"].endswith('.jpg"')


async def test_negotiation_says_so(app: Served) -> None:
    url = (await upload(app))["url"]
    for accept, kinds in (
        ("image/jpeg", {"image/jpeg", "image/png"}),
        ("image/webp", {"image/webp"}),
    ):
        answer = await ask(app, url, headers={"Accept": accept}, w="64", fm="auto")
        assert answer.headers["content-type"] in kinds
        assert answer.headers["vary"] == "Accept"
    assert "vary" not in (await ask(app, url, w="64", fm="webp")).headers


async def test_what_is_wrong_is_named_all_at_once(app: Served) -> None:
    url = (await upload(app))["url"]
    answer = await ask(app, url, w="0", height="3", fm="jpg", seed="1")
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    fields = answer.json()["error"]["fields"]
    assert {field["name"]: (field["code"], field.get("suggestion")) for field in fields} == {
        "w": ("WIDTH_INVALID", None),
        "height": ("UNKNOWN_PARAMETER", "h"),
        "fm": ("FORMAT_UNSUPPORTED", "jpeg"),
        "seed": ("UNKNOWN_PARAMETER", None),
    }
