"""Generations by a provider that charges, counts and misbehaves: Replicate's stand-in."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.edge.api.serving import Served, served
from tests.standins.replicate import ReplicateStandin

ROUTE = "/api/v1/generations"
AT_ONCE = {"Prefer": "respond-async"}


@pytest.fixture
async def edge(tmp_path: Path, replicate_standin: ReplicateStandin) -> AsyncIterator[Served]:
    async with served(
        tmp_path,
        REPLICATE_API_TOKEN="r8_test",
        REPLICATE_BASE_URL=replicate_standin.base_url,
        EDGE_DAILY_BUDGET="0.01",
    ) as running:
        yield running


def data(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def total(edge: Served) -> int:
    return (await edge.client.get(ROUTE)).json()["pagination"]["total"]


async def ended(edge: Served, wanted: str) -> dict[str, Any]:
    """The generation once it has ended, by way of its events."""
    await edge.client.get(f"{ROUTE}/{wanted}/events")
    return data(await edge.client.get(f"{ROUTE}/{wanted}"))


async def test_a_failed_one_is_201_and_says_why_and_an_empty_retry_remakes_it(
    edge: Served, replicate_standin: ReplicateStandin
) -> None:
    await replicate_standin.script({"on": "outcome", "do": "failed", "error": "out of paint"})
    made = data(await edge.client.post(ROUTE, json={"prompt": "a fox"}), 201)
    assert (made["status"], made["error"]["code"]) == ("failed", "GENERATOR_FAILED")
    assert "paint" not in made["error"]["message"]
    again = data(await edge.client.post(f"{ROUTE}/{made['id']}/retry"))
    assert (again["id"], again["status"], again["retryCount"]) == (made["id"], "success", 1)
    assert again["cost"] == {"amount": "0.003", "currency": "USD"}
    assert await replicate_standin.created() == 2


async def test_the_budget_refuses_with_429_and_no_record(
    edge: Served, replicate_standin: ReplicateStandin
) -> None:
    for prompt in ("one", "two", "three"):
        data(await edge.client.post(ROUTE, json={"prompt": prompt}), 201)
    answer = await edge.client.post(ROUTE, json={"prompt": "four"})
    assert refused(answer) == (429, "BUDGET_EXHAUSTED")
    assert int(answer.headers["retry-after"]) > 1
    assert answer.headers["x-ratelimit-limit"] == "100"
    assert await total(edge) == await replicate_standin.created() == 3
    assert data(await edge.client.post(ROUTE, json={"prompt": "one"}), 201)["cached"]


async def test_a_prompt_refused_when_it_is_sent_is_422_and_no_record(
    edge: Served, replicate_standin: ReplicateStandin
) -> None:
    await replicate_standin.script({"on": "create", "do": "422", "detail": "NSFW content"})
    answer = await edge.client.post(ROUTE, json={"prompt": "indecent"})
    assert refused(answer) == (422, "CONTENT_REFUSED")
    assert await total(edge) == 0


async def test_cancelled_it_is_stopped_at_the_provider(
    edge: Served, replicate_standin: ReplicateStandin
) -> None:
    await replicate_standin.hold()
    made = data(await edge.client.post(ROUTE, json={"prompt": "a fox"}, headers=AT_ONCE), 202)
    await replicate_standin.wait(polls=1)
    cancelled = data(await edge.client.post(f"{ROUTE}/{made['id']}/cancel"))
    assert cancelled["status"] == "cancelled"
    assert (await replicate_standin.calls())["cancels"] == 1
    await replicate_standin.release()
    assert (await ended(edge, made["id"]))["status"] == "cancelled"


async def test_the_model_of_the_table_that_takes_no_pictures_says_so(edge: Served) -> None:
    made = data(await edge.client.post(ROUTE, json={"prompt": "a fox", "alias": "@fox"}), 201)
    answer = await edge.client.post(ROUTE, json={"prompt": "a den with @fox"})
    assert answer.status_code == 400
    (field,) = answer.json()["error"]["fields"]
    assert (field["name"], field["code"]) == ("referenceImages", "REFERENCES_UNSUPPORTED")
    assert made["outputImage"]["alias"] == "@fox"


async def test_shutting_down_waits_for_the_picture_and_its_record(
    tmp_path: Path, replicate_standin: ReplicateStandin
) -> None:
    environment = {
        "REPLICATE_API_TOKEN": "r8_test",
        "REPLICATE_BASE_URL": replicate_standin.base_url,
    }
    await replicate_standin.hold()
    releasing = None
    async with served(tmp_path, **environment) as edge:
        made = data(await edge.client.post(ROUTE, json={"prompt": "late"}, headers=AT_ONCE), 202)
        await replicate_standin.wait(polls=1)
        releasing = asyncio.create_task(replicate_standin.release())
    await releasing
    async with served(tmp_path, **environment) as edge:
        row = data(await edge.client.get(f"{ROUTE}/{made['id']}"))
        assert row["status"] == "success"
        assert (await edge.client.get(row["outputImage"]["url"])).status_code == 200
    assert await replicate_standin.created() == 1
