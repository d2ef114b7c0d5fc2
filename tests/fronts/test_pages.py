"""What visitors get through the shipped nginx and through the shipped Varnish."""

import asyncio
import secrets
from urllib.parse import urlencode

import pytest

from tests.edge.api.library_app import png
from tests.fronts.conftest import House
from tests.standins.replicate import ReplicateStandin

pytestmark = pytest.mark.needs_apt

CROWD = 200
AVIF = "image/avif,image/webp,image/*,*/*;q=0.8"


def page(prompt: str, **more: str) -> str:
    return f"/cdn/main/site/live/page?{urlencode({'prompt': prompt, **more})}"


@pytest.fixture
def prompt() -> str:
    return f"a lighthouse {secrets.token_hex(6)}"


async def test_a_purge_takes_effect(house: House, prompt: str) -> None:
    target = page(prompt)
    await house.made(target)
    before = await house.stored(target)
    assert before.headers["cache-control"].startswith("public, max-age=86400, stale-while")
    assert before.headers.get_list("x-edge-cache-control") == []
    told = await house.purge(prompt=prompt)
    assert told["purged"]["masters"] == 1
    if house.name == "varnish":
        assert [receipt["state"] for receipt in told["receipts"]] == ["delivered"]
    house.minute()
    # Strangers have nothing made: that the old one is gone shows in the refusal.
    refused = await house.client.get(target)
    assert (refused.status_code, refused.headers["cache-control"]) == (403, "private, no-store")
    await house.made(target)
    after = await house.stored(target)
    assert after.headers["x-image-id"] != before.headers["x-image-id"]


async def test_a_picture_taken_down_is_gone_in_every_size(house: House, prompt: str) -> None:
    targets = [page(prompt), page(prompt, w="640"), page(prompt, w="320", fm="webp")]
    await house.made(targets[0])
    for target in targets:
        await house.stored(target)
    await house.purge(prompt=prompt, tombstone=True)
    house.minute()
    for target in targets * 2:
        gone = await house.client.get(target)
        assert (gone.status_code, gone.headers["x-error-code"]) == (410, "GONE")
        assert gone.headers["cache-control"] == "private, no-store"


async def test_an_alias_that_moves_is_followed(house: House) -> None:
    one, two = [await _uploaded(house, color) for color in ("red", "blue")]
    assert one["url"].endswith(one["id"])
    target = "/cdn/main/site/img/@hero"
    first = await house.stored(target)
    assert first.headers["cache-control"] == "public, max-age=30"
    answer = await house.owner.put(f"/api/v1/images/{one['id']}/alias", json={"alias": "@hero"})
    assert answer.status_code == 200
    assert two["alias"] == "@hero"
    house.minute()
    async with asyncio.timeout(10):
        while (await house.client.get(target)).content == first.content:
            pass
    assert (await house.stored(target)).headers["x-image-id"] == one["id"]


async def test_a_client_of_jpeg_alone_never_gets_anything_newer(house: House, prompt: str) -> None:
    target = page(prompt, fm="auto", w="256")
    await house.made(page(prompt))
    kinds = {}
    for accept in (AVIF, "image/jpeg", AVIF, "image/webp,image/jpeg", "image/jpeg"):
        shown = await house.stored(target, Accept=accept)
        kinds.setdefault(accept, set()).add(shown.headers["content-type"])
        assert "Accept" in shown.headers["vary"]
    assert kinds["image/jpeg"] == {"image/jpeg"}
    assert kinds["image/webp,image/jpeg"] <= {"image/webp", "image/jpeg"}


async def test_errors_are_kept_by_nobody(house: House, prompt: str) -> None:
    target = page(prompt)
    for _ in range(2):
        refused = await house.client.get(target)
        assert (refused.status_code, refused.headers["cache-control"]) == (403, "private, no-store")
    await house.made(target)
    assert (await house.client.get(target)).status_code == 200
    bad = page(prompt, aspectRatio="17:9")
    answers = [await house.client.get(bad) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 2


async def test_a_crowd_pays_once(
    house: House, prompt: str, replicate_standin: ReplicateStandin
) -> None:
    await replicate_standin.hold()
    signed = await house.owner.post("/api/v1/live/sign", json={"prompt": prompt})
    target = signed.json()["data"]["path"]
    async with asyncio.TaskGroup() as group:
        crowd = [group.create_task(house.client.get(target)) for _ in range(CROWD)]
        await replicate_standin.wait(created=1)
        await replicate_standin.release()
    answers = [task.result() for task in crowd]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert await replicate_standin.created() == 1


async def test_pictures_flow_on_while_the_server_is_away(house: House, prompt: str) -> None:
    target = page(prompt)
    await house.made(target)
    before = await house.stored(target)
    house.minute()
    house.server.kill()
    after = await house.client.get(target)
    assert (after.status_code, after.content) == (200, before.content)
    assert after.headers["cache-control"] == before.headers["cache-control"]


async def _uploaded(house: House, color: str) -> dict[str, str]:
    file = {"file": ("any.png", png(color))}
    answer = await house.owner.post("/api/v1/images/upload", files=file, data={"alias": "@hero"})
    assert answer.status_code == 201, answer.text
    image: dict[str, str] = answer.json()["data"]
    return image
