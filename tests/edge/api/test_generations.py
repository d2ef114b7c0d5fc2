"""/api/v1/generations as its callers see it, through the whole application."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.edge.api.serving import Served, served

ROUTE = "/api/v1/generations"
NOBODYS = "01990000-0000-7000-8000-000000000000"
EAGLE = {
    "prompt": "A majestic eagle soaring over snow-capped mountains",
    "aspectRatio": "16:9",
    "assignAlias": "@eagle-hero",
    "assignFlowAlias": "@hero",
    "autoEnhance": True,
    "meta": {"tags": ["demo", "nature"]},
}


@pytest.fixture(scope="module")
async def edge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("generations")) as running:
        yield running


@pytest.fixture
def client(edge: Served) -> httpx.AsyncClient:
    return edge.client


def data(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    content = answer.json()
    assert content["success"] is True
    return content["data"]


def fields(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"] == "VALIDATION_ERROR"
    return {field["name"]: field["code"] for field in error["fields"]}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_the_founding_request_works_as_it_stands(client: httpx.AsyncClient) -> None:
    answer = await client.post(ROUTE, json=EAGLE)
    made = data(answer, 201)
    assert (made["status"], made["originalPrompt"]) == ("success", EAGLE["prompt"])
    assert made["prompt"].startswith(EAGLE["prompt"] + ", ")
    assert (made["template"], made["origin"], made["cached"]) == ("general", "rest", False)
    image = made["outputImage"]
    assert (image["alias"], image["width"], image["height"]) == ("@eagle-hero", 1344, 768)
    assert image["flowId"] == made["flowId"]
    assert made["outputImageId"] == image["id"]
    assert made["meta"] == EAGLE["meta"]
    assert made["error"] is None
    assert answer.headers["location"] == f"{ROUTE}/{made['id']}"
    assert answer.headers["x-ratelimit-limit"] == "100"
    assert int(answer.headers["x-ratelimit-remaining"]) < 100
    flow = data(await client.get(f"/api/v1/flows/{made['flowId']}"))
    assert flow["aliases"] == {"@hero": image["id"]}
    assert data(await client.get(f"{ROUTE}/{made['id']}")) == made
    picture = await client.get(image["url"])
    assert picture.headers["content-type"] == "image/png"


async def test_the_same_picture_by_url_and_by_rest_is_one(client: httpx.AsyncClient) -> None:
    shown = await client.get("/api/v1/live", params={"prompt": "one picture"})
    made = data(await client.post(ROUTE, json={"prompt": "one picture", "autoEnhance": False}), 201)
    assert (made["cached"], made["cost"]) == (True, {"amount": "0", "currency": "USD"})
    assert made["outputImageId"] == shown.headers["x-image-id"]


async def test_at_once_means_202_and_where_to_look(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        ROUTE, json={"prompt": "at once"}, headers={"Prefer": "respond-async"}
    )
    pending = data(answer, 202)
    assert pending["status"] == "pending"
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["retry-after"] == "2"
    told = await client.get(answer.headers["location"] + "/events")
    assert told.headers["content-type"].startswith("text/event-stream")
    events = [
        dict(line.split(": ", 1) for line in block.splitlines())
        for block in told.text.split("\n\n")
        if block.startswith("event:")
    ]
    assert events[-1]["event"] == "status"
    assert json.loads(events[-1]["data"])["status"] == "success"
    over = await client.get(told.url, headers={"Last-Event-ID": events[-1]["id"]})
    assert over.status_code == 204


async def test_a_wait_that_ends_is_201_and_processing(client: httpx.AsyncClient) -> None:
    answer = await client.post(ROUTE, json={"prompt": "no wait"}, headers={"Prefer": "wait=0"})
    assert data(answer, 201)["status"] == "processing"
    assert answer.headers["preference-applied"] == "wait=0"


async def test_the_list_is_newest_first_and_filtered(client: httpx.AsyncClient) -> None:
    flow_id = "01990000-0000-7000-8000-0000000000f1"
    made = [
        data(await client.post(ROUTE, json={"prompt": f"listed {n}", "flowId": flow_id}), 201)
        for n in range(2)
    ]
    answer = await client.get(ROUTE, params={"flowId": flow_id, "status": "success"})
    assert [row["id"] for row in data(answer)] == [row["id"] for row in reversed(made)]
    pagination = answer.json()["pagination"]
    assert (pagination["total"], pagination["hasMore"]) == (2, False)
    data(await client.delete(f"{ROUTE}/{made[0]['id']}"))
    left = data(await client.get(ROUTE, params={"flowId": flow_id}))
    assert [row["id"] for row in left] == [made[1]["id"]]
    every = data(await client.get(ROUTE, params={"flowId": flow_id, "includeDeleted": "true"}))
    assert len(every) == 2


async def test_a_status_with_a_typo_is_told_what_was_meant(client: httpx.AsyncClient) -> None:
    answer = await client.get(ROUTE, params={"status": "sucess"})
    assert fields(answer) == {"status": "VALUE_INVALID"}
    assert answer.json()["error"]["fields"][0]["suggestion"] == "success"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"prompt": "FIELD_MISSING"}),
        ({"prompt": " \u200b"}, {"prompt": "PROMPT_EMPTY"}),
        ({"prompt": "x" * 4001}, {"prompt": "PROMPT_TOO_LONG"}),
        (
            {"prompt": 7, "aspectratio": "1:1", "seed": -1},
            {"prompt": "TYPE_INVALID", "aspectratio": "UNKNOWN_FIELD", "seed": "VALUE_INVALID"},
        ),
        ({"prompt": "x", "seed": 1.5}, {"seed": "TYPE_INVALID"}),
        ({"prompt": "x", "seed": 2**31}, {"seed": "VALUE_INVALID"}),
        ({"prompt": "x", "aspectRatio": "17:9"}, {"aspectRatio": "ASPECT_RATIO_UNSUPPORTED"}),
        ({"prompt": "x", "model": "nobody/knows"}, {"model": "UNKNOWN_MODEL"}),
        ({"prompt": "x", "assignAlias": "hero"}, {"assignAlias": "ALIAS_INVALID"}),
        ({"prompt": "x", "flowAlias": "@last"}, {"flowAlias": "ALIAS_RESERVED"}),
        ({"prompt": "x", "alias": "@a", "assignAlias": "@b"}, {"alias": "ALIAS_GIVEN_TWICE"}),
        ({"prompt": "x", "flowId": "flow-uuid-here"}, {"flowId": "ID_INVALID"}),
        (
            {"prompt": "x", "enhancementOptions": {"template": "vaporwave"}},
            {"enhancementOptions.template": "TEMPLATE_UNSUPPORTED"},
        ),
        (
            {
                "prompt": "x",
                "autoEnhance": False,
                "enhancementOptions": {"template": "comic"},
            },
            {"enhancementOptions.template": "TEMPLATE_WITHOUT_AUTO_ENHANCE"},
        ),
        (
            {"prompt": "x", "referenceImages": ["@no-one"]},
            {"referenceImages.0": "REFERENCE_UNKNOWN"},
        ),
        ({"prompt": "x", "referenceImages": ["@a"] * 4}, {"referenceImages": "VALUE_INVALID"}),
        ({"prompt": "x", "meta": {"a": "b" * 17_000}}, {"meta": "META_TOO_LARGE"}),
    ],
)
async def test_what_is_wrong_is_named_and_leaves_nothing(
    client: httpx.AsyncClient, body: dict[str, Any], expected: dict[str, str]
) -> None:
    before = (await client.get(ROUTE)).json()["pagination"]["total"]
    assert fields(await client.post(ROUTE, json=body)) == expected
    assert (await client.get(ROUTE)).json()["pagination"]["total"] == before


@pytest.mark.parametrize("wanted", ["not-an-id", NOBODYS, "%00", NOBODYS.upper() + "x"])
@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/retry"),
        ("POST", "/regenerate"),
        ("POST", "/cancel"),
        ("GET", "/events"),
    ],
)
async def test_what_is_nobodys_is_not_found(
    client: httpx.AsyncClient, wanted: str, method: str, rest: str
) -> None:
    answer = await client.request(method, f"{ROUTE}/{wanted}{rest}")
    assert code(answer) == (404, "GENERATION_NOT_FOUND")


async def test_a_success_is_not_retryable_but_can_be_made_anew(client: httpx.AsyncClient) -> None:
    made = data(await client.post(ROUTE, json={"prompt": "anew"}), 201)
    assert code(await client.post(f"{ROUTE}/{made['id']}/retry")) == (409, "NOT_RETRYABLE")
    anew = data(await client.post(f"{ROUTE}/{made['id']}/regenerate"))
    assert anew["id"] == made["id"]
    assert anew["outputImage"]["hash"] != made["outputImage"]["hash"]
    shown = await client.get(
        "/api/v1/live", params={"prompt": "anew", "autoEnhance": "true", "wait": 0}
    )
    assert shown.headers["x-image-id"] == made["outputImageId"]


async def test_a_change_of_prompt_is_a_change_of_picture(client: httpx.AsyncClient) -> None:
    made = data(await client.post(ROUTE, json={"prompt": "before"}), 201)
    wanted = {"prompt": "after", "aspectRatio": "4:3", "meta": {"n": 1}, "flowId": NOBODYS}
    after = data(await client.put(f"{ROUTE}/{made['id']}", json=wanted))
    assert (after["originalPrompt"], after["aspectRatio"]) == ("after", "4:3")
    assert (after["meta"], after["flowId"]) == ({"n": 1}, NOBODYS)
    assert after["outputImageId"] != made["outputImageId"]
    alone = data(await client.put(f"{ROUTE}/{made['id']}", json={"flowId": None}))
    assert (alone["flowId"], alone["meta"]) == (None, {"n": 1})
    assert alone["outputImageId"] == after["outputImageId"]


async def test_deleted_twice_is_200_and_then_404(client: httpx.AsyncClient) -> None:
    made = data(await client.post(ROUTE, json={"prompt": "short-lived"}), 201)
    place = f"{ROUTE}/{made['id']}"
    assert data(await client.delete(place)) == {"id": made["id"]}
    assert code(await client.delete(place)) == (404, "GENERATION_NOT_FOUND")
    image = await client.get(f"/api/v1/images/{made['outputImageId']}")
    assert code(image) == (404, "IMAGE_NOT_FOUND")


async def test_without_a_key_nothing_is_said(edge: Served) -> None:
    for key in ({}, {"X-API-Key": "bnt_" + "00" * 32}):
        edge.client.headers.pop("X-API-Key", None)
        try:
            answer = await edge.client.post(ROUTE, json=EAGLE, headers=key)
        finally:
            edge.client.headers["X-API-Key"] = "bnt_" + "5f" * 32
        assert code(answer) == (401, "UNAUTHORIZED")


async def test_a_taken_name_is_refused_when_it_may_not_move(client: httpx.AsyncClient) -> None:
    await client.post(ROUTE, json={"prompt": "holder", "alias": "@held"})
    answer = await client.post(
        ROUTE, params={"onConflict": "fail"}, json={"prompt": "taker", "alias": "@held"}
    )
    assert code(answer) == (409, "ALIAS_CONFLICT")


async def test_a_herd_of_the_same_request_is_one_picture(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(client.post(ROUTE, json={"prompt": "herd", "autoEnhance": False}) for _ in range(12))
    )
    made = [data(answer, 201) for answer in answers]
    assert len({one["outputImageId"] for one in made}) == 1
    assert sum(not one["cached"] for one in made) == 1
