"""Every address with every kind of credential, asked of the real application."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from edge.api.routes import api_addresses
from tests.edge.api.matrix_app import BODIES, LIVE, MASTER, Matrix, made, opened
from tests.edge.api.serving import KEY

NOBODYS = "01990000-0000-7000-8000-000000000000"

ADDRESSES = [
    *(("GET", LIVE), ("HEAD", LIVE)),
    *((method, path) for path, handlers in api_addresses() for method in handlers),
]
OF_A_PROJECT = [one for one in ADDRESSES if not one[1].startswith("/admin")]
WITH_AN_ID = [one for one in OF_A_PROJECT if "{id}" in one[1] or "{slug}" in one[1]]


@pytest.fixture(scope="module")
async def matrix(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Matrix]:
    async with opened(tmp_path_factory.mktemp("matrix")) as matrix:
        yield matrix


def told(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Everything an answer says but its own id and the time of day."""
    own = ("x-request-id", "x-ratelimit-reset")
    request_id = answer.headers["x-request-id"].encode()
    assert request_id in answer.content
    lines = [(name, value) for name, value in answer.headers.items() if name not in own]
    return answer.status_code, answer.content.replace(request_id, b""), lines


def ensure_kept_by_nobody(answer: httpx.Response) -> None:
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["cdn-cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"]
    assert not {"etag", "last-modified", "cache-tag", "surrogate-key"} & set(answer.headers)


def code_of(answer: httpx.Response) -> str:
    if answer.request.method == "HEAD":
        return answer.headers["x-error-code"]
    error = answer.json()["error"]
    assert error["requestId"] == answer.headers["x-request-id"]
    return str(error["code"])


def test_the_table_is_the_whole_api() -> None:
    assert len(ADDRESSES) == len(set(ADDRESSES)) > 30
    assert set(BODIES) <= set(ADDRESSES)
    assert {path.split("/")[1] for _, path in ADDRESSES} == {
        *("live", "generations", "flows", "images", "purge", "usage", "admin"),
    }


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
async def test_whoever_has_no_valid_key_is_asked_for_one(
    matrix: Matrix, method: str, path: str
) -> None:
    before = await matrix.inventory()
    refusals = set()
    for name, secret in {"none": None, **matrix.secrets}.items():
        for things in (matrix.ours.ids, dict.fromkeys(matrix.ours.ids, NOBODYS)):
            answer = await matrix.ask(method, path, secret, things)
            assert (answer.status_code, code_of(answer)) == (401, "UNAUTHORIZED"), name
            assert answer.headers["www-authenticate"] == 'ApiKey realm="edge"'
            assert "x-ratelimit-limit" not in answer.headers
            ensure_kept_by_nobody(answer)
            refusals.add(re.sub(rb'"requestId":"[^"]*"', b"", answer.content))
    assert len(refusals) == 1, "which of these it is, nobody learns"
    assert await matrix.inventory() == before


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
async def test_a_key_for_something_else_is_forbidden(
    matrix: Matrix, method: str, path: str
) -> None:
    before = await matrix.inventory()
    word = path.split("/")[1]
    if word == "admin":
        wrong = {"ours": KEY, "theirs": matrix.theirs.secret, "narrow": matrix.narrow["flows"]}
    else:
        wrong = {"master": MASTER, "narrow": matrix.narrow[word]}
    for name, secret in wrong.items():
        for things in (matrix.ours.ids, dict.fromkeys(matrix.ours.ids, NOBODYS)):
            answer = await matrix.ask(method, path, secret, things)
            assert (answer.status_code, code_of(answer)) == (403, "FORBIDDEN"), name
            assert "www-authenticate" not in answer.headers
            ensure_kept_by_nobody(answer)
    assert await matrix.inventory() == before


@pytest.mark.parametrize(("method", "path"), WITH_AN_ID)
async def test_anothers_id_answers_to_the_byte_like_nobodys(
    matrix: Matrix, method: str, path: str
) -> None:
    before = await matrix.inventory()
    nothing = dict.fromkeys(matrix.ours.ids, NOBODYS)
    foreign = await matrix.ask(method, path, matrix.theirs.secret, matrix.ours.ids)
    random = await matrix.ask(method, path, matrix.theirs.secret, nothing)
    assert told(foreign) == told(random)
    word = "SCOPE" if "{slug}" in path else path.split("/")[1].removesuffix("s").upper()
    assert (foreign.status_code, code_of(foreign)) == (404, f"{word}_NOT_FOUND")
    ensure_kept_by_nobody(foreign)
    assert await matrix.inventory() == before


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/images/resolve/@hero?flowId={flows}", {}),
        ("GET", "/images/@hero?flowId={flows}", {}),
        ("GET", "/images/resolve/@picture", {}),
        ("GET", "/images?flowId={flows}", {}),
        ("GET", "/generations?flowId={flows}", {}),
        ("POST", "/generations", {"prompt": "a", "referenceImages": ["{images}"]}),
        ("PUT", "/flows/{own}/aliases", {"aliases": {"@theirs": "{images}"}}),
    ],
)
async def test_anothers_id_within_a_request_is_nobodys_too(
    matrix: Matrix, method: str, path: str, more: dict[str, Any]
) -> None:
    """Seen from a third project, which has no alias of these names."""
    home = {"name": "third", "organization": "other", "project": f"third-{len(path)}"}
    secret = (await made(matrix.client, MASTER, "/admin/keys", json=home))["key"]
    own = (await made(matrix.client, secret, "/flows"))["id"]
    answers = []
    for things in (matrix.ours.ids, dict.fromkeys(matrix.ours.ids, NOBODYS)):
        text = (await matrix.client.get("/api/v1/flows", headers={"X-API-Key": secret})).text
        assert '"imageCount":0' in text
        target = path.replace("{own}", own).replace("{flows}", things["flows"])
        answer = await matrix.client.request(
            method,
            f"/api/v1{target}",
            headers={"X-API-Key": secret},
            json=filled(more, things) if more else None,
        )
        ensure_kept_by_nobody(answer)
        body = answer.text.replace(answer.headers["x-request-id"], "")
        answers.append((answer.status_code, body))
    assert answers[0] == answers[1]
    assert matrix.ours.ids["images"] not in answers[0][1]


def filled(value: Any, things: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: filled(each, things) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, things) for each in value]
    return value.replace("{images}", things["images"])


async def test_a_flow_of_the_same_id_in_two_projects_is_two_flows(matrix: Matrix) -> None:
    before = await matrix.inventory()
    flow_id = matrix.ours.ids["flows"]
    secret = matrix.theirs.secret
    wish = {"prompt": "in a flow of ours", "flowId": flow_id}
    generation = await made(matrix.client, secret, "/generations", json=wish)
    assert generation["flowId"] == flow_id
    answer = await matrix.client.get(f"/api/v1/flows/{flow_id}", headers={"X-API-Key": secret})
    assert answer.json()["data"]["generationCount"] == 1
    gone = await matrix.client.delete(f"/api/v1/flows/{flow_id}", headers={"X-API-Key": secret})
    assert gone.status_code == 200
    assert await matrix.inventory() == before


async def test_the_owner_may(matrix: Matrix) -> None:
    """The table refuses for its reasons only: with the right key the same requests are fine."""
    for method, path in ADDRESSES:
        if method not in ("GET", "HEAD"):
            continue
        secret = MASTER if path.startswith("/admin") else KEY
        params = {"flowId": matrix.ours.ids["flows"]} if path.endswith("{alias}") else None
        answer = await matrix.ask(method, path, secret, matrix.ours.ids, params=params)
        assert answer.status_code == 200, (method, path, answer.text)
