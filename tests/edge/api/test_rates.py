"""What the holder of a key is told of its rate, and where nobody is told anything."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.edge.api.paying import stranger
from tests.edge.api.serving import Served, served
from tests.standins.replicate import ReplicateStandin

LIVE = "/api/v1/live?prompt="
PAGE = "/cdn/main/site/live/page?prompt="
SCOPES = "/api/v1/live/scopes"
GENERATIONS = "/api/v1/generations"
RATES = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
IMAGE = {"Sec-Fetch-Dest": "image"}
AT_ONCE = {"Prefer": "respond-async"}


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[Served]:
    """Each key may start two pictures an hour."""
    async with served(tmp_path, EDGE_RATE_LIMIT="2/hour") as running:
        yield running


def told(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if "ratelimit" in name}


def ensure_told(answer: httpx.Response) -> None:
    limit, remaining, reset = (int(answer.headers[name]) for name in RATES)
    assert (limit, remaining) == (2, 0)
    assert time.time() < reset <= time.time() + 3601
    assert 1 <= int(answer.headers["retry-after"]) <= 1801


async def test_only_the_refused_holder_of_a_key_is_told_its_rate(slow: Served) -> None:
    for prompt in ("one", "two"):
        made = await slow.client.get(f"{LIVE}{prompt}")
        assert (made.status_code, told(made)) == (200, set())
    for door in (LIVE, PAGE):
        for headers in ({}, IMAGE):
            refused = await slow.client.get(f"{door}three", headers=headers)
            assert refused.status_code == 429
            assert refused.headers["x-error-code"] == "RATE_LIMIT_EXCEEDED"
            assert refused.headers["content-type"] == (
                "image/png" if headers else "application/json"
            )
            ensure_told(refused)
        hit = await slow.client.get(f"{door}one")
        assert (hit.status_code, told(hit)) == (200, set())
        # Any other refusal has nothing to do with it.
        wrong = await slow.client.get(f"{door}one&seed=x")
        assert (wrong.status_code, told(wrong)) == (400, set())


async def test_without_a_key_there_is_no_rate_to_tell(slow: Served) -> None:
    scope = {"slug": "shut", "perAddressLimit": 0}
    assert (await slow.client.post(SCOPES, json=scope)).status_code == 201
    refused = await stranger(slow, "/cdn/main/site/live/shut?prompt=one")
    assert (refused.status_code, told(refused)) == (429, set())


async def test_with_the_rate_used_up_work_to_be_done_later_is_refused_now(slow: Served) -> None:
    scope = {"slug": "shop"}
    assert (await slow.client.post(SCOPES, json=scope)).status_code == 201
    for prompt in ("one", "two"):
        answer = await slow.client.get(f"/cdn/main/site/live/shop?prompt={prompt}")
        assert answer.status_code == 200
    before = (await slow.client.get(GENERATIONS)).json()
    for path, body in ((f"{SCOPES}/shop/regenerate", {}), (GENERATIONS, {"prompt": "three"})):
        refused = await slow.client.post(path, json=body, headers=AT_ONCE)
        assert refused.status_code == 429, refused.text
        assert refused.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
        ensure_told(refused)
    assert (await slow.client.get(GENERATIONS)).json() == before
    # What is there already costs nothing.
    stored = await slow.client.post(
        GENERATIONS, json={"prompt": "one", "autoEnhance": False}, headers=AT_ONCE
    )
    assert (stored.status_code, stored.json()["data"]["cached"]) == (201, True)


@pytest.mark.parametrize(
    ("limits", "waits"),
    [
        ({"newGenerationsLimit": 1}, False),
        ({"budgetAmount": "0.003", "budgetWindow": "hour"}, True),
    ],
)
async def test_a_used_up_scope_makes_nothing_anew_and_says_so_at_once(
    tmp_path: Path, replicate_standin: ReplicateStandin, limits: dict[str, Any], waits: bool
) -> None:
    environment = {
        "REPLICATE_API_TOKEN": "r8_test",
        "REPLICATE_BASE_URL": replicate_standin.base_url,
    }
    async with served(tmp_path, **environment) as edge:
        assert (await edge.client.post(SCOPES, json={"slug": "shop", **limits})).status_code == 201
        assert (await edge.client.get("/cdn/main/site/live/shop?prompt=a")).status_code == 200
        refused = await edge.client.post(f"{SCOPES}/shop/regenerate", json={"prompt": "a"})
        assert (refused.status_code, refused.headers["x-error-code"]) == (429, "BUDGET_EXHAUSTED")
        assert ("retry-after" in refused.headers) == waits
        assert refused.headers["x-ratelimit-remaining"] == "99"
        listed = (await edge.client.get(GENERATIONS)).json()
    assert listed["pagination"]["total"] == await replicate_standin.created() == 1


async def test_with_the_days_budget_used_up_work_to_be_done_later_is_refused_now(
    tmp_path: Path, replicate_standin: ReplicateStandin
) -> None:
    environment = {
        "REPLICATE_API_TOKEN": "r8_test",
        "REPLICATE_BASE_URL": replicate_standin.base_url,
        "EDGE_DAILY_BUDGET": "0.003",
    }
    async with served(tmp_path, **environment) as edge:
        assert (await edge.client.get(f"{LIVE}one")).status_code == 200
        refused = await edge.client.post(GENERATIONS, json={"prompt": "two"}, headers=AT_ONCE)
        assert (refused.status_code, refused.headers["x-error-code"]) == (429, "BUDGET_EXHAUSTED")
        assert 1 <= int(refused.headers["retry-after"]) <= 86_400
        assert (await edge.client.get(GENERATIONS)).json()["pagination"]["total"] == 1
