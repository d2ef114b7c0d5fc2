"""The API's description: complete, kept, and true."""

import json
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from starlette.routing import BaseRoute, Mount, Route
from typer.testing import CliRunner

from config.loading import load
from core.errors import EdgeError
from core.generations.requests import GenerationRequest
from edge.answers.problem import HttpError
from edge.api.generation_bodies import NewGeneration
from edge.api.openapi.document import openapi_document, openapi_json, operations
from edge.api.openapi.errors import CODES
from edge.api.strict_json import checked_meta
from edge.app import application
from edge.cli import command_line
from edge.server.request_head import HeadRefused, ensure_promising
from tests.edge.api.described import KEPT, Description, description
from tests.edge.api.serving import Served, served

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What a described page consists of.
PARTS = {"/docs/docs.js", "/docs/style.css"}
NOBODYS = "01990000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("openapi")) as running:
        yield running


@pytest.fixture(scope="module")
def kept() -> Description:
    return description()


def test_the_kept_document_is_what_the_code_says() -> None:
    renewed = "renew it: python -m edge openapi > docs/openapi.json"
    assert KEPT.read_bytes() == openapi_json(), renewed


async def test_the_served_and_the_printed_document_are_the_kept_one(app: Served) -> None:
    answer = await app.client.get("/openapi.json", headers={"X-API-Key": ""})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == json.loads(KEPT.read_bytes())
    printed = CliRunner().invoke(command_line(), ["openapi"])
    assert printed.stdout_bytes == KEPT.read_bytes()


def test_its_version_is_the_projects() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))
    assert openapi_document()["info"]["version"] == project["project"]["version"]


def test_every_address_is_described_and_no_other(tmp_path: Path, kept: Description) -> None:
    app = application(load({"EDGE_DATA_DIR": str(tmp_path)}))
    assert set(addresses(app.routes)) - PARTS == set(kept.document["paths"])


async def test_every_described_method_is_taken_and_no_other(app: Served, kept: Description) -> None:
    wrong = []
    for template, item in kept.document["paths"].items():
        path = template.replace("{id}", NOBODYS).replace("{alias}", "@a")
        for method in METHODS:
            answer = await app.client.request(method, path, headers={"X-API-Key": "nobody's"})
            described = method.lower() in item
            if described == (answer.status_code == 405):
                wrong.append(f"{method} {template} answers {answer.status_code}")
            if not described:
                allowed = answer.headers["allow"].split(", ")
                assert {name.lower() for name in allowed} - {"head", "options"} == set(item)
    assert not wrong


def test_every_status_an_error_can_have_is_described() -> None:
    statuses = {each.status for each in family(EdgeError)}
    assert {400, 401, 403, 404, 409, 410, 413, 415, 416, 422, 429, 500, 502, 503, 504} <= statuses
    assert statuses <= set(CODES)
    for start, status in ((b"GET /" + b"x" * 17_000, 414), (b"GET / HTTP/1.1\r\n" * 2000, 431)):
        with pytest.raises(HeadRefused) as refused:
            ensure_promising(start)
        assert refused.value.problem.status == status
        assert status in CODES


def test_every_code_is_described() -> None:
    for each in family(EdgeError):
        if each not in {EdgeError, HttpError} and "_NOT_FOUND" not in each.code:
            assert each.code in CODES[each.status] or each.code == EdgeError.code, each


def test_every_reference_leads_somewhere_and_every_component_is_needed(kept: Description) -> None:
    referred = set(references(kept.document))
    components = {
        f"#/components/{kind}/{name}"
        for kind, named in kept.document["components"].items()
        for name in named
        if kind != "securitySchemes"
    }
    assert referred == components


def test_every_schema_is_json_schema(kept: Description) -> None:
    components = kept.document["components"]
    for name in components["schemas"]:
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        jsonschema_rs.Draft202012Validator(schema)


def test_every_operation_has_a_name_of_its_own_and_its_tag() -> None:
    every = operations()
    assert len({each.id for each in every}) == len(every)
    assert {each.tag for each in every} == {tag["name"] for tag in openapi_document()["tags"]}


def test_every_example_is_a_body_that_passes() -> None:
    for each in operations():
        if each.example is not None:
            assert isinstance(each.body, type)
            each.body.model_validate_json(json.dumps(each.example))


@pytest.mark.parametrize(
    ("body", "sound"),
    [
        ({"prompt": "x", "aspectRatio": "16x9", "flowId": NOBODYS.upper()}, True),
        ({"prompt": "x", "referenceImages": ["@hero", NOBODYS], "seed": 7, "model": None}, True),
        ({"prompt": ""}, False),
        ({"prompt": "x", "aspectRatio": "wide"}, False),
        ({"prompt": "x", "alias": "@last"}, False),
        ({"prompt": "x", "alias": "hero"}, False),
        ({"prompt": "x", "referenceImages": ["hero"]}, False),
        ({"prompt": "x", "referenceImages": ["@a"] * 4}, False),
        ({"prompt": "x", "seed": -1}, False),
        ({"prompt": "x", "enhancementOptions": {"template": "baroque"}}, False),
        ({"promt": "x"}, False),
    ],
)
def test_a_schema_takes_what_the_model_takes(
    kept: Description, body: dict[str, Any], sound: bool
) -> None:
    components = kept.document["components"]
    schema = {"$ref": "#/components/schemas/NewGeneration", "components": components}
    assert jsonschema_rs.is_valid(schema, body) is sound
    if sound:
        assert isinstance(taken(body), GenerationRequest)
    else:
        with pytest.raises(ValueError):
            taken(body)


async def test_answers_that_no_file_of_requests_has_are_as_described(
    app: Served, kept: Description
) -> None:
    problem = {"Accept": "application/problem+json"}
    picture = {"Accept": "image/avif,image/webp,*/*;q=0.8"}
    live = "/api/v1/live?prompt=a+new+one"
    asked: list[tuple[str, str, dict[str, Any], int]] = [
        ("GET", "/health", {}, 200),
        ("GET", "/ready", {}, 200),
        ("GET", "/metrics", {}, 200),
        ("GET", "/", {}, 200),
        ("GET", "/docs", {}, 200),
        ("GET", "/robots.txt", {}, 200),
        ("GET", "/favicon.ico", {}, 200),
        ("GET", f"{live}&wait=0", {}, 202),
        ("GET", f"{live}&wait=0&seed=1", {"headers": picture}, 202),
        ("GET", live, {}, 200),
        ("GET", live, {"headers": {"Range": "bytes=0-9"}}, 206),
        ("GET", live, {"headers": {"Range": "bytes=99999999-"}}, 416),
        ("GET", f"{live}&sig=x", {}, 403),
        ("GET", "/api/v1/live", {"headers": picture}, 400),
        ("GET", "/api/v1/live", {"headers": problem}, 400),
        ("GET", "/api/v1/flows?key=x", {}, 400),
        ("GET", "/api/v1/flows", {"headers": {"X-API-Key": "nobody's"}}, 401),
        ("GET", "/api/v1/admin/keys", {}, 403),
        ("GET", f"/api/v1/images/{NOBODYS}", {"headers": problem}, 404),
        ("POST", "/api/v1/flows", {"content": b"x", "headers": {"Content-Type": "text/html"}}, 415),
        ("POST", "/api/v1/flows", {"json": {"meta": {"a": "b" * 300_000}}}, 413),
        ("POST", "/api/v1/generations", {"json": {"prompt": " ", "seed": "one"}}, 400),
        ("POST", "/api/v1/images/upload", {"files": {"file": ("a.png", b"no picture")}}, 415),
    ]
    wrong = []
    for method, path, more, status in asked:
        answer = await app.client.request(method, path, **more)
        assert answer.status_code == status, (path, answer.text[:300])
        kind = answer.headers.get("content-type", "")
        bare = path.partition("?")[0]
        wrong += kept.complaints(method, bare, status, kind, answer.content)
    assert not wrong


def taken(body: dict[str, Any]) -> GenerationRequest:
    checked_meta(body.get("meta", {}))
    return NewGeneration.model_validate_json(json.dumps(body)).request()


def addresses(routes: list[BaseRoute], prefix: str = "") -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount):
            yield from addresses(route.routes, prefix + route.path)
        else:
            assert isinstance(route, Route)
            yield prefix + route.path


def family(kind: type[EdgeError]) -> Iterator[type[EdgeError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


def references(thing: Any) -> Iterator[str]:
    if isinstance(thing, dict):
        if isinstance(thing.get("$ref"), str):
            yield thing["$ref"]
        for value in thing.values():
            yield from references(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from references(value)
