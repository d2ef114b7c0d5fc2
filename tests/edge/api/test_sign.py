"""POST /api/v1/live/sign: a URL that works at once, and what is never signed."""

import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.models import KEY_SCOPES, LIVE_READ
from tests.edge.api.matrix_app import MASTER, keys_in
from tests.edge.api.paying import SIGN, environment, new_key, signed, stranger
from tests.edge.api.serving import Served, served
from tests.edge.live_server import DEFAULT_MODEL, OTHER_MODEL
from tests.standins.replicate import ReplicateStandin


@pytest.fixture
async def edge(tmp_path: Path, replicate_standin: ReplicateStandin) -> AsyncIterator[Served]:
    """Pictures cost money here, so that only a signature opens the page."""
    async with served(tmp_path, **environment(replicate_standin)) as running:
        yield running


@pytest.fixture(scope="module")
async def free(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Where nothing has to be paid for, and nothing is."""
    async with served(tmp_path_factory.mktemp("free")) as running:
        yield running


async def fields(edge: Served, body: Any) -> dict[str, tuple[str, str | None]]:
    answer = await edge.client.post(SIGN, json=body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"] == "VALIDATION_ERROR"
    return {field["name"]: (field["code"], field.get("suggestion")) for field in error["fields"]}


async def test_the_url_works_at_once_for_anybody(
    edge: Served, replicate_standin: ReplicateStandin
) -> None:
    data = await signed(edge, scope="page", prompt="a  red lighthouse ", aspectRatio="1920x1080")
    assert set(data) == {"url", "path", "expiresAt"}
    assert data["url"] == f"http://edge.test{data['path']}"
    assert data["path"].startswith("/cdn/main/site/live/page?")
    given = dict(parse_qsl(urlsplit(data["path"]).query))
    assert (given["prompt"], given["aspectRatio"]) == ("a red lighthouse", "16:9")
    assert given["kid"] == "new"
    assert set(given) == {"prompt", "aspectRatio", "kid", "exp", "sig"}
    plain = "/cdn/main/site/live/page?prompt=a+red+lighthouse&aspectRatio=16:9"
    assert (await stranger(edge, plain)).status_code == 403
    answer = await stranger(edge, data["url"])
    assert (answer.status_code, answer.headers["x-cache-status"]) == (200, "MISS")
    assert await replicate_standin.created() == 1


async def test_its_end_is_told_as_it_is_in_the_url(free: Served) -> None:
    for more, at_least in (({}, 86_400), ({"expiresIn": 60}, 60), ({"expiresIn": 3600}, 3600)):
        before = time.time()
        data = await signed(free, prompt="a fox", **more)
        end = int(dict(parse_qsl(urlsplit(data["path"]).query))["exp"])
        told = datetime.fromisoformat(data["expiresAt"])
        assert data["expiresAt"].endswith(".000Z")
        assert told.timestamp() == end
        assert before + at_least <= end <= before + at_least + 3601


async def test_every_parameter_of_a_live_url_may_be_signed(edge: Served) -> None:
    body = {
        "prompt64": "YSByZWQgbGlnaHRob3VzZQ",
        "ar": "3:2",
        "seed": 7,
        "model": OTHER_MODEL,
        "autoEnhance": True,
        "template": "comic",
        "w": 320,
        "h": "200",
        "dpr": 1.5,
        "fit": "contain",
        "q": 70.0,
        "fm": "webp",
        "fp-x": 0.25,
        "fp-y": 0.00001,
        "wait": 55,
    }
    data = await signed(edge, **body)
    given = dict(parse_qsl(urlsplit(data["path"]).query))
    assert {name: given[name] for name in body} == {
        "prompt64": "YSByZWQgbGlnaHRob3VzZQ",
        "ar": "3:2",
        "seed": "7",
        "model": OTHER_MODEL,
        "autoEnhance": "true",
        "template": "comic",
        "w": "320",
        "h": "200",
        "dpr": "1.5",
        "fit": "contain",
        "q": "70",
        "fm": "webp",
        "fp-x": "0.25",
        "fp-y": "0.00001",
        "wait": "55",
    }
    answer = await stranger(edge, data["url"] + "x")
    assert answer.json()["error"]["code"] == "SIGNATURE_INVALID"
    assert (await stranger(edge, data["url"])).status_code == 200


async def test_an_idempotency_key_gets_its_first_answer_again(free: Served) -> None:
    body = {"prompt": "a hen", "expiresIn": 60}
    headers = {"Idempotency-Key": "one-url"}
    first = await free.client.post(SIGN, json=body, headers=headers)
    again = await free.client.post(SIGN, json=body, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content
    other = await free.client.post(SIGN, json=body | {"expiresIn": 61}, headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "IDEMPOTENCY_MISMATCH")


async def test_null_is_the_same_as_nothing(free: Served) -> None:
    data = await signed(free, prompt="a fox", w=None, scope=None, expiresIn=None, seed=None)
    assert "w=" not in data["path"]
    assert "/page?" in data["path"]


async def test_all_that_is_wrong_is_said_at_once(free: Served) -> None:
    body = {
        "aspectRatio": "7:5",
        "seed": -1,
        "template": "comic",
        "w": 0,
        "dpr": "4",
        "fm": "gif",
        "wait": True,
        "expiresIn": 0,
        "aspectratio": "16:9",
        "sig": "x",
    }
    assert await fields(free, body) == {
        "prompt": ("PROMPT_MISSING", None),
        "aspectRatio": ("ASPECT_RATIO_UNSUPPORTED", "4:3"),
        "seed": ("SEED_INVALID", None),
        "template": ("TEMPLATE_WITHOUT_AUTO_ENHANCE", None),
        "w": ("WIDTH_INVALID", None),
        "dpr": ("DPR_INVALID", None),
        "fm": ("FORMAT_UNSUPPORTED", None),
        "wait": ("TYPE_INVALID", None),
        "expiresIn": ("EXPIRES_IN_INVALID", None),
        "aspectratio": ("UNKNOWN_FIELD", "aspectRatio"),
        "sig": ("UNKNOWN_FIELD", None),
    }


@pytest.mark.parametrize(
    ("body", "name", "code"),
    [
        ({"prompt": " "}, "prompt", "PROMPT_EMPTY"),
        ({"prompt": "x" * 1001}, "prompt", "PROMPT_TOO_LONG"),
        ({"prompt": 7}, "prompt", "TYPE_INVALID"),
        ({"prompt": "a", "prompt64": "YQ"}, "prompt64", "DUPLICATE_PARAMETER"),
        ({"prompt": "a", "ar": "1:1", "aspectRatio": "1:1"}, "ar", "DUPLICATE_PARAMETER"),
        ({"prompt": "a", "autoEnhance": "true"}, "autoEnhance", "TYPE_INVALID"),
        ({"prompt": "a", "seed": 1.5}, "seed", "SEED_INVALID"),
        ({"prompt": "a", "seed": 10**30}, "seed", "TYPE_INVALID"),
        ({"prompt": "a", "seed": [1]}, "seed", "TYPE_INVALID"),
        ({"prompt": "a", "model": "no/such"}, "model", "UNKNOWN_MODEL"),
        ({"prompt": "a", "expiresIn": 31_536_001}, "expiresIn", "EXPIRES_IN_INVALID"),
        ({"prompt": "a", "expiresIn": 10**30}, "expiresIn", "EXPIRES_IN_INVALID"),
        ({"prompt": "a", "expiresIn": "soon"}, "expiresIn", "TYPE_INVALID"),
        ({"prompt": "a", "expiresIn": "3600"}, "expiresIn", "TYPE_INVALID"),
        ({"prompt": "a", "expiresIn": 1.5}, "expiresIn", "TYPE_INVALID"),
        ({"prompt": "a", "expiresIn": True}, "expiresIn", "TYPE_INVALID"),
        ({"prompt": "a", "fp-x": 0.5}, "fp-y", "FOCAL_POINT_INVALID"),
        ({"prompt": "a", "scope": 7}, "scope", "TYPE_INVALID"),
    ],
)
async def test_what_would_never_work_is_not_signed(
    free: Served, body: dict[str, Any], name: str, code: str
) -> None:
    assert {name: found for name, (found, _) in (await fields(free, body)).items()} == {name: code}


@pytest.mark.parametrize("scope", ["nobodys", "Page", "", "page/../x", "a" * 65, "\u00e4"])
async def test_an_unknown_page_is_not_found(free: Served, scope: str) -> None:
    answer = await free.client.post(SIGN, json={"prompt": "a", "scope": scope})
    if scope == "":
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "SCOPE_NOT_FOUND")


async def test_only_who_may_spend_may_sign(edge: Served, tmp_path: Path) -> None:
    secrets, narrow = await keys_in(tmp_path)
    reader = await new_key(edge, scopes=[one for one in KEY_SCOPES if one != "live:generate"])
    for secret, status, code in (
        ("", 401, "UNAUTHORIZED"),
        (secrets["revoked"], 401, "UNAUTHORIZED"),
        (MASTER, 403, "FORBIDDEN"),
        (reader, 403, "FORBIDDEN"),
        (narrow["live"], 403, "FORBIDDEN"),
    ):
        headers = {"X-API-Key": secret}
        answer = await edge.client.post(SIGN, json={"prompt": "a"}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert LIVE_READ in KEY_SCOPES


async def test_nobody_signs_for_a_model_they_may_not_use(edge: Served) -> None:
    headers = {"X-API-Key": await new_key(edge, allowedModels=[OTHER_MODEL])}
    for model, status in ((None, 403), (DEFAULT_MODEL, 403), (OTHER_MODEL, 200)):
        body = {"prompt": "a", "model": model}
        answer = await edge.client.post(SIGN, json=body, headers=headers)
        assert answer.status_code == status
