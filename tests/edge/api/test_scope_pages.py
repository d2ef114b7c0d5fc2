"""Scopes at work: what their pages answer, and how the whole application makes pictures anew."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.edge.api.serving import Served, served

SCOPES = "/api/v1/live/scopes"


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("scopes")) as running:
        yield running


@pytest.fixture
async def stranger(app: Served) -> AsyncIterator[httpx.AsyncClient]:
    transport, base_url = app.client._transport, app.client.base_url
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        yield client


async def opened(app: Served, slug: str, **fields: Any) -> Any:
    answer = await app.client.post(SCOPES, json={"slug": slug, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def scope_of(app: Served, slug: str) -> Any:
    return (await app.client.get(f"{SCOPES}/{slug}")).json()["data"]


def page(slug: str, prompt: str) -> str:
    return f"/cdn/main/site/live/{slug}?prompt={prompt}"


async def gone(app: Served, image_id: str) -> None:
    """The record of the one that was there follows the exchange."""
    async with asyncio.timeout(5):
        while True:
            answer = await app.client.get(f"/api/v1/images/{image_id}")
            if answer.status_code == 404:
                return
            await asyncio.sleep(0.01)


async def ended(app: Served, generations: list[Any]) -> list[Any]:
    """The generations when they have ended."""
    rows = []
    for one in generations:
        while True:
            answer = await app.client.get(f"/api/v1/generations/{one['id']}")
            row = answer.json()["data"]
            if row["status"] not in ("pending", "processing"):
                break
            await asyncio.sleep(0.01)
        rows.append(row)
    return rows


async def test_a_scope_works_from_when_it_is_opened_until_it_is_closed(
    app: Served, stranger: httpx.AsyncClient
) -> None:
    absent = await stranger.get(page("brief", "a"), headers={"accept": "application/json"})
    assert absent.json()["error"]["code"] == "SCOPE_NOT_FOUND"
    await opened(app, "brief")
    for _ in range(3):
        assert (await stranger.get(page("brief", "a"))).status_code == 200
    await app.client.delete(f"{SCOPES}/brief")
    gone = await stranger.get(page("brief", "a"), headers={"accept": "application/json"})
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "SCOPE_NOT_FOUND")


async def test_a_change_counts_at_once(app: Served, stranger: httpx.AsyncClient) -> None:
    await opened(app, "changing")
    assert (await stranger.get(page("changing", "one"))).status_code == 200
    await app.client.put(f"{SCOPES}/changing", json={"allowNewGenerations": False})
    refused = await stranger.get(page("changing", "two"))
    assert (refused.status_code, refused.headers["x-error-code"]) == (403, "SPENDING_NOT_ALLOWED")
    assert (await stranger.get(page("changing", "one"))).status_code == 200


async def test_a_scope_counts_its_pictures_and_stops_at_its_limit(
    app: Served, stranger: httpx.AsyncClient
) -> None:
    await opened(app, "counted", newGenerationsLimit=2)
    statuses = [(await stranger.get(page("counted", f"c{n}"))).status_code for n in range(3)]
    assert statuses == [200, 200, 429]
    assert (await stranger.get(page("counted", "c0"))).status_code == 200
    scope = await scope_of(app, "counted")
    assert scope["currentGenerations"] == 2
    assert scope["lastGeneratedAt"] > scope["createdAt"]


async def test_a_scopes_pictures_are_made_anew(app: Served, stranger: httpx.AsyncClient) -> None:
    await opened(app, "anew")
    before = [await stranger.get(page("anew", f"n{number}")) for number in range(3)]
    answer = await app.client.post(f"{SCOPES}/anew/regenerate", json={})
    assert answer.status_code == 202
    data = answer.json()["data"]
    assert (data["scope"], data["remaining"], data["nextCursor"]) == ("anew", 0, None)
    rows = await ended(app, data["generations"])
    assert [row["status"] for row in rows] == ["success"] * 3
    after = [await stranger.get(page("anew", f"n{number}")) for number in range(3)]
    assert {one.headers["x-cache-status"] for one in after} == {"HIT"}
    assert {row["outputImageId"] for row in rows} == {one.headers["x-image-id"] for one in after}
    for old, new in zip(before, after, strict=True):
        assert old.headers["etag"] != new.headers["etag"]
        image_id = old.headers["x-image-id"]
        await gone(app, image_id)
        stored = await stranger.get(f"/cdn/main/site/img/{new.headers['x-image-id']}")
        assert stored.content == new.content
    assert (await scope_of(app, "anew"))["currentGenerations"] == 6


@pytest.mark.parametrize("by", ["image", "prompt"])
async def test_one_picture_is_made_anew(app: Served, stranger: httpx.AsyncClient, by: str) -> None:
    await opened(app, f"one-{by}")
    one, other = [await stranger.get(page(f"one-{by}", f"{by}{n}")) for n in range(2)]
    wish = {"image": {"imageId": one.headers["x-image-id"]}, "prompt": {"prompt": f"{by}0"}}[by]
    answer = await app.client.post(f"{SCOPES}/one-{by}/regenerate", json=wish)
    (row,) = await ended(app, answer.json()["data"]["generations"])
    assert row["originalPrompt"] == f"{by}0"
    anew = await stranger.get(page(f"one-{by}", f"{by}0"))
    assert anew.headers["x-image-id"] == row["outputImageId"] != one.headers["x-image-id"]
    same = await stranger.get(page(f"one-{by}", f"{by}1"))
    assert same.headers["x-image-id"] == other.headers["x-image-id"]


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        ({"prompt": "nobody has made this"}, 404, set()),
        ({"imageId": "01990000-0000-7000-8000-000000000000"}, 404, set()),
        ({"imageId": "seven"}, 400, {"imageId"}),
        ({"cursor": "x!"}, 400, {"cursor"}),
        ({"prompt": ""}, 400, {"prompt"}),
        ({"aspectRatio": "16:9"}, 400, {"prompt"}),
        ({"prompt": "a", "aspectRatio": "7:5", "colour": "red"}, 400, {"aspectRatio", "colour"}),
        (
            {"prompt": "a", "imageId": "01990000-0000-7000-8000-000000000000"},
            400,
            {"prompt", "imageId"},
        ),
    ],
)
async def test_a_wish_that_cannot_be_met_makes_nothing(
    app: Served, body: dict[str, Any], status: int, names: set[str]
) -> None:
    answer = await app.client.post(f"{SCOPES}/page/regenerate", json=body)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert {field["name"] for field in error.get("fields", ())} == names
    if status == 404:
        assert error["code"] == "IMAGE_NOT_FOUND"


async def test_a_scope_without_pictures_has_nothing_to_make_anew(app: Served) -> None:
    await opened(app, "empty")
    answer = await app.client.post(f"{SCOPES}/empty/regenerate")
    assert (answer.status_code, answer.json()["data"]["generations"]) == (202, [])


async def test_a_closed_scope_makes_nothing_anew(app: Served, stranger: httpx.AsyncClient) -> None:
    await opened(app, "closing")
    await stranger.get(page("closing", "closing"))
    await app.client.put(f"{SCOPES}/closing", json={"allowNewGenerations": False})
    answer = await app.client.post(f"{SCOPES}/closing/regenerate")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "SPENDING_NOT_ALLOWED"


async def test_other_sizes_are_those_of_the_new_picture(
    app: Served, stranger: httpx.AsyncClient
) -> None:
    await opened(app, "sizes")
    small = page("sizes", "sizes") + "&w=64"
    before = await stranger.get(small)
    answer = await app.client.post(f"{SCOPES}/sizes/regenerate")
    (row,) = await ended(app, answer.json()["data"]["generations"])
    after = await stranger.get(small)
    assert after.headers["x-image-id"] == row["outputImageId"]
    assert after.headers["etag"] != before.headers["etag"]
