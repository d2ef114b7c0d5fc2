"""GET /api/v1/usage: what a project has used, exact for what this process has served."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from core.records.records import open_records
from tests.edge.api.library_app import LibraryApp
from tests.edge.api.serving import Served, served


@pytest.fixture(scope="module")
async def app_of_all(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("usage")) as running:
        yield running


async def usage_of(served: Served) -> Any:
    answer = await served.client.get("/api/v1/usage")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    return answer.json()["data"]


async def test_a_project_without_use_has_three_empty_windows(app: LibraryApp) -> None:
    usage = await app.ann.data("GET", "/usage")
    nothing = {"generations": 0, "hits": 0, "spend": {"amount": "0", "currency": "USD"}}
    assert [one["window"] for one in usage["windows"]] == ["hour", "day", "month"]
    for one in usage["windows"]:
        assert nothing.items() <= one.items()
        start, end = datetime.fromisoformat(one["from"]), datetime.fromisoformat(one["to"])
        assert start < end
    assert (usage["byScope"], usage["byModel"]) == ([], [])


async def test_the_daily_budget_is_everybodys(app: LibraryApp) -> None:
    hour, day, month = (await app.ann.data("GET", "/usage"))["windows"]
    assert day["budget"] == {"amount": "10", "currency": "USD", "remaining": "10"}
    assert (hour["budget"], month["budget"]) == (None, None)


async def test_any_key_of_the_project_may_see_it(app: LibraryApp) -> None:
    for scope in ("live:read", "live:generate", "generations", "images", "flows"):
        party = await app.party(scopes=(scope,))
        await party.data("GET", "/usage")
    nobody = await app.party(scopes=())
    for party in (nobody, app.root):
        assert (await party.error("GET", "/usage", 403))["code"] == "FORBIDDEN"
    await app.ann.error("GET", "/usage?window=day", 400)


async def test_every_kind_of_hit_is_counted_and_nothing_else(app_of_all: Served) -> None:
    ours = app_of_all.client
    page = "/cdn/main/site/live/page?prompt=counted"
    transport = ours._transport
    async with httpx.AsyncClient(transport=transport, base_url=ours.base_url) as stranger:
        made = await stranger.get(page)
        assert made.headers["x-cache-status"] == "MISS"
        # The first goes through the router, the others are repeated from the memo.
        for _ in range(5):
            assert (await stranger.get(page)).headers["x-cache-status"] == "HIT"
        etag = {"If-None-Match": made.headers["etag"]}
        assert (await stranger.get(page, headers=etag)).status_code == 304
        assert (await stranger.head(page)).status_code == 200
        image = f"/cdn/main/site/img/{made.headers['x-image-id']}"
        for _ in range(2):
            assert (await stranger.get(image)).status_code == 200
    assert (await ours.get("/api/v1/live?prompt=counted")).headers["x-cache-status"] == "HIT"
    usage = await usage_of(app_of_all)
    scopes = {one["scope"]: one for one in usage["byScope"]}
    assert (scopes["page"]["hits"], scopes["page"]["generations"]) == (6, 1)
    assert (scopes[None]["hits"], scopes[None]["generations"]) == (3, 0)
    for window in usage["windows"]:
        assert (window["hits"], window["generations"]) == (9, 1)
    (model,) = usage["byModel"]
    assert model["generations"] == 1
    assert model["spend"] == {"amount": "0", "currency": "USD"}


async def test_what_was_counted_outlives_the_process(tmp_path: Any) -> None:
    async with served(tmp_path) as running:
        for _ in range(4):
            answer = await running.client.get("/api/v1/live?prompt=kept")
            assert answer.status_code == 200
    async with open_records(None, tmp_path) as records:
        project = await records.tenants.project("main", "site")
        assert project is not None
        accounts = await records.usage.accounts(project.id)
    assert [one.use.hits for one in accounts.windows] == [3, 3, 3]


async def test_a_lifted_budget_is_not_shown(tmp_path: Any) -> None:
    async with served(tmp_path, EDGE_DAILY_BUDGET="none") as running:
        usage = await usage_of(running)
    assert [one["budget"] for one in usage["windows"]] == [None, None, None]
