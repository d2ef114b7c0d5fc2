"""POST /api/v1/purge: what may be named, what goes, and what the receipts say."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from core.models import LIVE_GENERATE, LIVE_READ
from core.records.records import open_records
from tests.edge.api.library_app import png
from tests.edge.api.serving import Served, served
from tests.standins.origin import Answer, Origin

NOBODYS = "01990000-0000-7000-8000-000000000000"
MASTER = "bnt_" + "3c" * 32
PAGE = "/cdn/main/site/live/page"
SELECTORS = ["imageId", "alias", "flowId", "scope", "prompt", "project", "tag"]


@pytest.fixture(scope="module")
async def edge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    folder = tmp_path_factory.mktemp("purge")
    async with served(folder, EDGE_BOOTSTRAP_MASTER_KEY=MASTER) as running:
        running.state["folder"] = folder
        yield running


@pytest.fixture
async def cdn() -> AsyncIterator[Origin]:
    async with Origin().listening() as listening:
        listening.always(Answer(body=b"{}"))
        yield listening


async def purge(edge: Served, status: int = 200, **body: Any) -> Any:
    """The data, or the error."""
    answer = await edge.client.post("/api/v1/purge", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    told = answer.json()
    return told["data"] if status == 200 else told["error"]


async def live(edge: Served, prompt: str, **more: str) -> httpx.Response:
    return await edge.client.get("/api/v1/live", params={"prompt": prompt, **more})


async def upload(edge: Served, color: str, **fields: str) -> Any:
    file = {"file": ("any.png", png(color))}
    answer = await edge.client.post("/api/v1/images/upload", files=file, data=fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def bad(error: Any) -> set[tuple[str, str]]:
    assert error["code"] == "VALIDATION_ERROR"
    return {(field["name"], field["code"]) for field in error["fields"]}


async def test_a_purged_prompt_is_made_anew(edge: Served) -> None:
    first = await live(edge, "a purged harbour")
    assert (await live(edge, "a purged harbour")).headers["x-cache-status"] == "HIT"
    told = await purge(edge, prompt="a  purged harbour ", aspectRatio="1:1")
    assert told["purged"]["masters"] == 1
    assert told["receipts"] == []
    assert first.headers["cache-tag"].split(",")[1] in told["tags"]
    again = await live(edge, "a purged harbour")
    assert again.headers["x-cache-status"] == "MISS"
    assert again.headers["x-image-id"] != first.headers["x-image-id"]


async def test_parameters_say_which_picture_of_a_prompt(edge: Served) -> None:
    wide = {"aspectRatio": "16:9", "seed": "7"}
    await live(edge, "two harbours", **wide)
    await live(edge, "two harbours")
    told = await purge(edge, prompt="two harbours", aspectRatio="1920:1080", seed=7, w=640)
    assert told["purged"]["masters"] == 1
    assert (await live(edge, "two harbours")).headers["x-cache-status"] == "HIT"
    assert (await live(edge, "two harbours", **wide)).headers["x-cache-status"] == "MISS"


async def test_a_tombstone_forbids_what_nobody_has_made_yet(edge: Served) -> None:
    told = await purge(edge, prompt="never to be made")
    assert told["purged"] == {"masters": 0, "derivatives": 0}
    assert (await live(edge, "never to be made")).status_code == 200
    told = await purge(edge, prompt="nor this", tombstone=True)
    assert told["purged"] == {"masters": 0, "derivatives": 0}
    gone = await live(edge, "nor this")
    assert (gone.status_code, gone.headers["x-error-code"]) == (410, "GONE")
    assert gone.headers["cache-control"] == "private, no-store"


async def test_every_selector_finds_its_pictures(edge: Served) -> None:
    image = await upload(edge, "teal", alias="@purged", flowAlias="@step")
    page = await edge.client.get(f"{PAGE}?prompt=behind+every+selector")
    for selector in (
        {"imageId": image["id"].upper()},
        {"alias": "@purged"},
        {"flowId": image["flowId"]},
        {"tag": f"i-{image['id']}"},
        {"tag": page.headers["cache-tag"].split(",")[1]},
    ):
        assert (await purge(edge, **selector))["purged"]["masters"] == 1, selector
    stored = await edge.client.get(f"/cdn/main/site/img/{image['id']}")
    assert stored.status_code == 200, "an upload cannot be had again, so its master stays"
    await edge.client.get(f"{PAGE}?prompt=behind+every+selector")
    assert (await purge(edge, scope="page"))["purged"]["masters"] >= 1
    assert (await purge(edge, project=True))["purged"]["masters"] >= 1


@pytest.mark.parametrize(
    ("selector", "code"),
    [
        ({"imageId": NOBODYS}, "IMAGE_NOT_FOUND"),
        ({"alias": "@nobody"}, "ALIAS_NOT_FOUND"),
        ({"flowId": NOBODYS}, "FLOW_NOT_FOUND"),
        ({"scope": "nobodys"}, "SCOPE_NOT_FOUND"),
    ],
)
async def test_what_is_not_there_is_not_found(
    edge: Served, selector: dict[str, Any], code: str
) -> None:
    assert (await purge(edge, 404, **selector))["code"] == code


async def test_exactly_one_selector_is_wanted(edge: Served) -> None:
    for nothing in ({}, {"tombstone": True}, {"alias": None}):
        error = await purge(edge, 400, **nothing)
        assert bad(error) == {("body", "SELECTOR_MISSING")}
        assert all(name in error["fields"][0]["message"] for name in SELECTORS)
    error = await purge(edge, 400, prompt="a", tag="live")
    assert bad(error) == {("prompt", "SELECTOR_CONFLICT"), ("tag", "SELECTOR_CONFLICT")}


async def test_everything_that_is_wrong_is_said_at_once(edge: Served) -> None:
    error = await purge(
        edge, 400, imageId="x", tag="a b", project=False, aspectRatio="16:9", tombstone=1, purge=1
    )
    assert bad(error) == {
        ("imageId", "ID_INVALID"),
        ("imageId", "SELECTOR_CONFLICT"),
        ("tag", "VALUE_INVALID"),
        ("tag", "SELECTOR_CONFLICT"),
        ("project", "VALUE_INVALID"),
        ("project", "SELECTOR_CONFLICT"),
        ("aspectRatio", "PROMPT_REQUIRED"),
        ("tombstone", "TYPE_INVALID"),
        ("purge", "UNKNOWN_FIELD"),
    }
    error = await purge(edge, 400, prompt=" ", aspectRatio="17:9", seed=-1, tombstone="yes")
    assert {name for name, _ in bad(error)} == {"prompt", "aspectRatio", "seed", "tombstone"}
    assert bad(await purge(edge, 400, alias="hero")) == {("alias", "ALIAS_INVALID")}
    assert bad(await purge(edge, 400, scope="A B")) == {("scope", "SLUG_INVALID")}


async def test_it_takes_the_right_to_the_library_and_to_live_pages(edge: Served) -> None:
    async with open_records(None, edge.state["folder"]) as records:
        site = await records.tenants.ensure("main", "site", "page")
        secrets = [
            (await records.keys.create(name="narrow", project=site, scopes=scopes))[1]
            for scopes in ((LIVE_READ, LIVE_GENERATE), ("images",), ("generations", "flows"))
        ]
    for secret in (*secrets, MASTER):
        answer = await edge.client.post(
            "/api/v1/purge", headers={"X-API-Key": secret}, json={"tag": "live"}
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


async def test_an_idempotency_key_purges_once(edge: Served) -> None:
    await live(edge, "purged once")
    headers = {"Idempotency-Key": "purge-once"}
    wish = {"prompt": "purged once"}
    first = await edge.client.post("/api/v1/purge", json=wish, headers=headers)
    await live(edge, "purged once")
    second = await edge.client.post("/api/v1/purge", json=wish, headers=headers)
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == first.json()
    assert (await live(edge, "purged once")).headers["x-cache-status"] == "HIT"


async def test_the_receipts_say_what_the_cdn_said(
    tmp_path_factory: pytest.TempPathFactory, cdn: Origin
) -> None:
    webhook = {
        "EDGE__PURGE__WEBHOOK_URL": f"http://127.0.0.1:{cdn.port}/zone/purge_cache",
        "EDGE__PURGE__WEBHOOK_STYLE": "cloudflare",
        "EDGE__PURGE__WEBHOOK_TOKEN": "a-token-for-the-stand-in",
    }
    async with served(tmp_path_factory.mktemp("told"), **webhook) as edge:
        await live(edge, "told to the CDN")
        told = await purge(edge, prompt="told to the CDN")
        (receipt,) = told["receipts"]
        assert receipt.keys() == {"id", "state", "attempts", "status", "at"}
        assert (receipt["state"], receipt["attempts"], receipt["status"]) == ("delivered", 1, 200)
        (asked,) = cdn.asked
        assert asked.one("authorization") == "Bearer a-token-for-the-stand-in"
        assert json.loads(asked.body) == {"tags": told["tags"]}
        cdn.always(Answer(status=500))
        told = await purge(edge, prompt="told in vain")
        (receipt,) = told["receipts"]
        assert (receipt["state"], receipt["attempts"], receipt["status"]) == ("pending", 1, 500)
        cdn.always(Answer(gate=asyncio.Event()))
        told = await purge(edge, prompt="never answered")
        (receipt,) = told["receipts"]
        assert (receipt["state"], receipt["attempts"], receipt["status"]) == ("pending", 0, None)


async def test_deleting_and_renaming_tell_the_cdn_too(
    tmp_path_factory: pytest.TempPathFactory, cdn: Origin
) -> None:
    url = f"http://127.0.0.1:{cdn.port}/"
    async with served(tmp_path_factory.mktemp("told"), EDGE__PURGE__WEBHOOK_URL=url) as edge:
        one = await upload(edge, "red", alias="@hero")
        two = await upload(edge, "blue")
        await edge.client.put(f"/api/v1/images/{two['id']}/alias", json={"alias": "@hero"})
        await cdn.until(1)
        assert "a-main-site-hero" in json.loads(cdn.asked[-1].body)["tags"]
        await edge.client.delete(f"/api/v1/images/{one['id']}")
        await cdn.until(2)
        assert f"i-{one['id']}" in json.loads(cdn.asked[-1].body)["tags"]
