"""/api/v1/live/explain: what would happen and why, without making it happen."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.identity import identity_of, key_of
from core.live_request import LiveRequest
from core.models import Model
from core.signing import Signer
from tests.edge.api.paying import NOTHING, PRICE, environment, new_key
from tests.edge.api.serving import Served, served
from tests.edge.live_server import DAY, DEFAULT_MODEL, OTHER_MODEL, SIGNING_KEYS
from tests.servers.valkey import RedisServer
from tests.standins.replicate import ReplicateStandin

EXPLAIN = "/api/v1/live/explain"
LIVE = "/api/v1/live"
PAGE = "/cdn/main/site/live/page"


@pytest.fixture
async def paid(tmp_path: Path, replicate_standin: ReplicateStandin) -> AsyncIterator[Served]:
    async with served(tmp_path, **environment(replicate_standin)) as running:
        yield running


@pytest.fixture(scope="module")
async def free(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("free")) as running:
        yield running


async def told(edge: Served, *, key: str | None = None, **parameters: str) -> dict[str, Any]:
    headers = {} if key is None else {"X-API-Key": key}
    answer = await edge.client.get(EXPLAIN, params=parameters, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    data: dict[str, Any] = answer.json()["data"]
    return data


def verdict(data: dict[str, Any]) -> tuple[str, str, str, Any]:
    return data["tier"], data["would"], data["because"], data["cost"]


async def made(edge: Served, prompt: str, status: int = 200) -> httpx.Response:
    answer = await edge.client.get(LIVE, params={"prompt": prompt})
    assert answer.status_code == status, answer.text
    return answer


def signed(expires_in: int = DAY, **parameters: str) -> dict[str, str]:
    signer = Signer(SIGNING_KEYS)
    return signer.sign(PAGE, parameters, int(time.time()) + expires_in)


async def test_a_missing_picture_is_explained_by_its_canonical_form(paid: Served) -> None:
    data = await told(paid, prompt="a  red\u00a0fox ", ar="1920x1080", seed="7")
    canonical = {
        "prompt": "a red fox",
        "aspectRatio": "16:9",
        "seed": 7,
        "model": DEFAULT_MODEL,
        "modelVersion": data["canonical"]["modelVersion"],
        "autoEnhance": False,
        "template": None,
        "project": "main/site",
        "derivative": None,
    }
    assert data["canonical"] == canonical
    assert verdict(data) == ("none", "generate", "MISSING", PRICE)
    model = Model(DEFAULT_MODEL, canonical["modelVersion"], "replicate", 0, {})
    request = LiveRequest("a red fox", "16:9", seed=7)
    key = key_of(identity_of("main/site", model, request, None))
    assert (data["key"], data["identity"]) == (key.slot, key.identity)


async def test_what_is_left_to_us_is_null_and_what_is_enhanced_has_its_template(
    free: Served,
) -> None:
    plain = (await told(free, prompt="a fox"))["canonical"]
    assert (plain["seed"], plain["template"]) == (None, None)
    fuller = (await told(free, prompt="a fox", autoEnhance="true"))["canonical"]
    assert (fuller["autoEnhance"], fuller["template"]) == (True, "general")


async def test_explaining_makes_counts_and_changes_nothing(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    left = set()
    for _ in range(5):
        answer = await paid.client.get(EXPLAIN, params={"prompt": "a fox"})
        left.add(answer.headers["x-ratelimit-remaining"])
        assert answer.json()["data"]["because"] == "MISSING"
    assert left == {"100"}
    assert await replicate_standin.created() == 0
    listed = await paid.client.get("/api/v1/generations")
    assert listed.json()["pagination"]["total"] == 0


async def test_a_body_says_the_same_as_a_query(free: Served) -> None:
    query = {"prompt": "a fox", "aspectRatio": "16:9", "w": "64", "fm": "webp", "scope": "page"}
    asked = await told(free, **query)
    body = {**query, "w": 64}
    answer = await free.client.post(EXPLAIN, json=body)
    assert answer.json()["data"] == asked
    assert asked["canonical"]["derivative"]["width"] == 64


async def test_it_says_in_which_tier_a_picture_stands_and_leaves_it_there(
    tmp_path: Path, private_valkey: RedisServer
) -> None:
    async with served(tmp_path) as edge:
        await made(edge, "a fox")
        assert verdict(await told(edge, prompt="a fox")) == ("memory", "hit", "STORED", NOTHING)
    async with served(tmp_path) as edge:
        for _ in range(2):
            assert (await told(edge, prompt="a fox"))["tier"] == "store"
    async with served(tmp_path, REDIS_URL=private_valkey.url) as edge:
        assert (await told(edge, prompt="a fox"))["tier"] == "store"
        await made(edge, "a fox")
        assert (await told(edge, prompt="a fox"))["tier"] == "memory"
    async with served(tmp_path, REDIS_URL=private_valkey.url) as edge:
        for _ in range(2):
            assert (await told(edge, prompt="a fox"))["tier"] == "redis"


async def test_a_page_may_do_for_strangers_what_it_may_not_for_nobody(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    refused = ("none", "refuse", "SPENDING_NOT_ALLOWED", NOTHING)
    assert verdict(await told(paid, prompt="a fox", scope="page")) == refused
    assert verdict(await told(paid, prompt="a fox"))[1] == "generate"
    right = await told(paid, **signed(prompt="a fox"), scope="page")
    assert verdict(right) == ("none", "generate", "MISSING", PRICE)
    answer = await paid.client.post(EXPLAIN, json={**signed(prompt="a fox"), "scope": "page"})
    assert answer.json()["data"] == right
    assert await replicate_standin.created() == 0
    await made(paid, "a fox")
    assert verdict(await told(paid, prompt="a fox", scope="page"))[1:3] == ("hit", "STORED")


@pytest.mark.parametrize(
    ("change", "expires_in", "because"),
    [
        ({"prompt": "a box"}, DAY, "SIGNATURE_INVALID"),
        ({"w": "64"}, DAY, "SIGNATURE_INVALID"),
        ({}, -1, "URL_EXPIRED"),
    ],
)
async def test_a_bad_signature_is_a_reason(
    paid: Served, change: dict[str, str], expires_in: int, because: str
) -> None:
    given = signed(expires_in, prompt="a fox") | change
    data = await told(paid, **given, scope="page")
    assert (data["would"], data["because"]) == ("refuse", because)


async def test_a_key_is_refused_what_it_may_not_have(paid: Served) -> None:
    reader = await new_key(paid, scopes=["live:read"])
    assert verdict(await told(paid, key=reader, prompt="a fox"))[1:3] == ("refuse", "FORBIDDEN")
    limited = await new_key(paid, allowedModels=[OTHER_MODEL])
    assert verdict(await told(paid, key=limited, prompt="a fox"))[1:3] == ("refuse", "FORBIDDEN")
    other = await told(paid, key=limited, prompt="a fox", model=OTHER_MODEL)
    assert other["would"] == "generate"
    await made(paid, "a fox")
    assert verdict(await told(paid, key=reader, prompt="a fox"))[1:3] == ("hit", "STORED")
    barred = await told(paid, key=limited, prompt="a fox")
    assert verdict(barred) == ("memory", "refuse", "FORBIDDEN", NOTHING)


@pytest.mark.parametrize(
    ("settings", "because"),
    [
        ({"EDGE_DAILY_BUDGET": "0.003"}, "BUDGET_EXHAUSTED"),
        ({"EDGE_RATE_LIMIT": "1/hour"}, "RATE_LIMIT_EXCEEDED"),
    ],
)
async def test_what_is_used_up_is_a_reason(
    tmp_path: Path, replicate_standin: ReplicateStandin, settings: dict[str, str], because: str
) -> None:
    async with served(tmp_path, **environment(replicate_standin, **settings)) as edge:
        assert (await told(edge, prompt="a fox"))["because"] == "MISSING"
        await made(edge, "a fox")
        missing = await told(edge, prompt="another fox")
        assert verdict(missing) == ("none", "refuse", because, NOTHING)
        assert (await made(edge, "another fox", 429)).headers["x-error-code"] == because
        assert (await told(edge, prompt="a fox"))["because"] == "STORED"


@pytest.mark.parametrize(
    ("settings", "because"),
    [
        ({"EDGE_SPENDING": "off"}, "SPENDING_NOT_ALLOWED"),
        ({"EDGE__POLICY__DENY": '["foxes"]'}, "CONTENT_REFUSED"),
    ],
)
async def test_what_the_operator_switched_off_is_a_reason(
    tmp_path: Path, replicate_standin: ReplicateStandin, settings: dict[str, str], because: str
) -> None:
    async with served(tmp_path, **environment(replicate_standin, **settings)) as edge:
        assert verdict(await told(edge, prompt="two foxes"))[1:3] == ("refuse", because)


async def test_what_is_under_way_costs_nothing_more(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    await replicate_standin.hold()
    pending = await paid.client.get(LIVE, params={"prompt": "a fox", "wait": "0"})
    assert pending.status_code == 202
    assert verdict(await told(paid, prompt="a fox")) == ("none", "hit", "IN_FLIGHT", NOTHING)
    await replicate_standin.release()
    await made(paid, "a fox")
    assert (await told(paid, prompt="a fox"))["because"] == "STORED"
    assert await replicate_standin.created() == 1


async def test_a_failure_of_a_moment_ago_is_a_reason(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    await replicate_standin.script({"on": "outcome", "do": "failed", "error": "out of paint"})
    await made(paid, "a fox", 502)
    assert verdict(await told(paid, prompt="a fox"))[1:3] == ("refuse", "GENERATOR_FAILED")
    assert await replicate_standin.created() == 1


async def test_sizes_are_told_as_they_would_be_answered(free: Served) -> None:
    query = {"prompt": "a fox", "w": "650", "h": "325", "fm": "webp", "fp-x": "0.2", "fp-y": "0.8"}
    known = await told(free, **query)
    assert known["canonical"]["derivative"] == {
        "width": 650,
        "height": 325,
        "fit": "cover",
        "format": "webp",
        "quality": 80,
        "focalPoint": {"x": 0.2, "y": 0.8},
    }
    snapped = (await told(free, **query, scope="page"))["canonical"]["derivative"]
    assert (snapped["width"], snapped["height"]) == (750, 375)
    size = (await told(free, prompt="a fox", w="650", fm="auto"))["canonical"]["derivative"]
    assert (size["width"], size["format"], size["quality"]) == (650, "auto", None)


async def test_a_private_projects_page_is_not_there_for_strangers(
    tmp_path: Path, replicate_standin: ReplicateStandin
) -> None:
    async with served(tmp_path, **environment(replicate_standin)) as edge:
        wanted = {"project": "hidden", "public": False}
        key = await new_key(edge, **wanted)
        data = await told(edge, key=key, prompt="a fox", scope="page")
        assert verdict(data)[1:3] == ("refuse", "PROJECT_NOT_FOUND")


async def test_all_that_is_wrong_is_said_at_once(free: Served) -> None:
    query = {"prompt": " ", "ar": "7:5", "w": "0", "size": "1"}
    answer = await free.client.get(EXPLAIN, params=query)
    assert answer.status_code == 400
    named = [field["name"] for field in answer.json()["error"]["fields"]]
    assert sorted(named) == ["aspectRatio", "prompt", "size", "w"]
    body = {"prompt": 7, "w": "0", "size": 1, "expiresIn": 1}
    answer = await free.client.post(EXPLAIN, json=body)
    named = [field["name"] for field in answer.json()["error"]["fields"]]
    assert sorted(named) == ["expiresIn", "prompt", "size", "w"]


async def test_unknown_names_are_refused_as_everywhere(free: Served) -> None:
    for query, status, code in (
        ({"prompt": "a", "scope": "nobodys"}, 404, "SCOPE_NOT_FOUND"),
        ({"prompt": "a", "model": "no/such"}, 400, "VALIDATION_ERROR"),
    ):
        for answer in (
            await free.client.get(EXPLAIN, params=query),
            await free.client.post(EXPLAIN, json=query),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_what_was_taken_down_for_good_is_gone(free: Served) -> None:
    await made(free, "a mistake")
    purge = {"prompt": "a mistake", "tombstone": True}
    assert (await free.client.post("/api/v1/purge", json=purge)).status_code == 200
    assert verdict(await told(free, prompt="a mistake")) == ("none", "refuse", "GONE", NOTHING)
