"""The outermost layer: ids, log lines, client addresses, and an answer whatever happens."""

import asyncio
import json

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import Receive, Scope, Send

from core.errors import Busy
from core.models import Picture
from edge.answers.freshness import Policy
from edge.answers.responses import Way, prepare
from tests.edge.server.middleware_edge import Edge, failing, nothing, saying

BROUGHT_ID = "0199-from-nginx"


async def test_one_line_tells_what_happened_and_no_secret() -> None:
    async def handler(request: Request) -> Response:
        request.state.key_id = "0199-key"
        return PlainTextResponse("hello", headers={"X-Cache-Status": "HIT"})

    edge = Edge(Starlette(routes=[Route("/cdn/{project}", handler)]))
    await edge.ask(
        "/cdn/secret-one",
        query=b"prompt=secret-two&sig=secret-three",
        headers={"x-api-key": "bnt_secret", "authorization": "Bearer secret", "cookie": "secret"},
    )
    line = edge.line()
    assert line["ms"] >= 0
    assert line["request_id"]
    del line["ms"], line["request_id"]
    assert line == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "route": "/cdn/{project}",
        "status": 200,
        "bytes": 5,
        "cache": "HIT",
        "key": "0199-key",
        "code": "",
    }
    assert b"secret" not in edge.written.getvalue()
    ((method, route, status, seconds, cache),) = edge.observed
    assert (method, route, status, cache) == ("GET", "/cdn/{project}", 200, "HIT")
    assert seconds >= 0


async def test_a_mounted_route_is_named_in_full_and_an_unknown_path_is_no_label() -> None:
    async def handler(request: Request) -> Response:
        return PlainTextResponse("hello")

    routes = [Mount("/api/v1", app=Router([Route("/things/{id}", handler)]))]
    edge = Edge(Starlette(routes=routes))
    await edge.ask("/api/v1/things/7")
    assert edge.line()["route"] == "/api/v1/things/{id}"
    for path in ("/api/v1/bnt_0123456789abcdef", "/favicon\n.ico" + "x" * 1_000):
        lost = Edge(Starlette(routes=routes))
        await lost.ask(path)
        assert lost.observed[0][1] == "unmatched"
        assert "0123456789abcdef" not in lost.line()["route"]
        assert len(lost.line()["route"]) <= 200


async def test_nothing_may_be_kept_unless_somebody_decided_so() -> None:
    edge = Edge(saying((b"content-length", b"5")))
    await edge.ask()
    assert edge.header("cache-control") == "private, no-store"
    assert edge.header("cdn-cache-control") == "no-store"
    assert edge.header("x-accel-expires") == "0"
    assert edge.header("x-request-id") == edge.line()["request_id"]


@pytest.mark.parametrize("decided", [b"public, max-age=60", b"private, max-age=60"])
async def test_an_answer_that_is_kept_carries_no_id(decided: bytes) -> None:
    edge = Edge(saying((b"cache-control", decided)))
    await edge.ask()
    assert edge.headers == [(b"cache-control", decided)]


async def test_a_prepared_answer_is_not_touched() -> None:
    picture = Picture(b"x", "image/png", "00" * 32, 0, "i", "g", "t", 1, 1, "0" * 32, False)
    policy = Policy(project="a/b", public=True, cors_public=True)
    prepared = prepare(picture, policy, Way("hit"), now=0)
    before = list(prepared.raw_headers)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = prepared.raw_headers
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": prepared.body})

    edge = Edge(app)
    for _ in range(2):
        edge.status = 0
        await edge.ask()
    assert prepared.raw_headers == before == edge.headers
    assert [line["cache"] for line in edge.lines()] == ["HIT", "HIT"]


async def test_an_id_is_taken_from_a_trusted_proxy_alone() -> None:
    headers = {"x-request-id": BROUGHT_ID}
    trusted, stranger = Edge(saying(), ("192.0.2.0/24",)), Edge(saying())
    await trusted.ask(headers=headers)
    await stranger.ask(headers=headers)
    assert trusted.header("x-request-id") == BROUGHT_ID
    own = stranger.header("x-request-id")
    assert own is not None
    assert own != BROUGHT_ID


@pytest.mark.parametrize("brought", ["short", "x" * 65, "with space inside", "a\tb12345678", ""])
async def test_an_id_that_could_do_harm_is_replaced(brought: str) -> None:
    edge = Edge(saying(), ("192.0.2.0/24",))
    await edge.ask(headers={"x-request-id": brought})
    assert edge.header("x-request-id") != brought


async def test_an_error_nobody_foresaw_is_a_500_that_is_logged_once() -> None:
    edge = Edge(failing(RuntimeError("what broke")))
    await edge.ask()
    assert edge.status == 500
    assert edge.header("cache-control") == "private, no-store"
    error = json.loads(edge.body)["error"]
    assert error["code"] == "INTERNAL_ERROR"
    failed, request = edge.lines()
    assert failed["event"] == "request failed"
    assert failed["request_id"] == request["request_id"] == error["requestId"]
    assert "what broke" in str(failed["exception"])
    assert b"what broke" not in edge.body
    assert (request["status"], request["code"]) == (500, "INTERNAL_ERROR")


async def test_an_error_of_ours_is_answered_and_is_no_failure() -> None:
    edge = Edge(failing(Busy(retry_after=2)))
    await edge.ask()
    assert (edge.status, edge.header("retry-after")) == (503, "2")
    assert [line["event"] for line in edge.lines()] == ["request"]


async def test_cancelled_by_a_stopping_server_the_caller_still_gets_an_answer() -> None:
    waiting = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        waiting.set()
        await asyncio.Event().wait()

    edge = Edge(app)
    task = asyncio.create_task(edge.ask())
    await waiting.wait()
    task.cancel()
    await task
    assert (edge.status, edge.header("cache-control")) == (503, "private, no-store")
    assert json.loads(edge.body)["error"]["code"] == "BUSY"
    assert edge.line()["status"] == 503


@pytest.mark.parametrize("error", [RuntimeError("late"), asyncio.CancelledError()])
async def test_half_an_answer_is_cut_off(error: BaseException) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    edge = Edge(app)
    with pytest.raises(type(error)):
        await edge.ask()
    assert edge.line()["status"] == 200


async def test_a_caller_who_left_is_no_error() -> None:
    edge = Edge(failing(ClientDisconnect()))
    await edge.ask()
    assert edge.status == 0
    assert [(line["event"], line["status"]) for line in edge.lines()] == [("request", 499)]


async def test_what_is_no_request_passes_through() -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    edge = Edge(app)
    await edge.app({"type": "lifespan"}, nothing, edge.collect)
    assert seen == ["lifespan"]
    assert edge.lines() == []


async def test_the_handler_learns_the_address_and_whether_to_believe_the_proxy() -> None:
    edge = Edge(saying(), ("192.0.2.7",))
    scope = await edge.ask(headers={"x-forwarded-for": "203.0.113.1"})
    assert scope["state"]["client_address"] == "203.0.113.1"
    assert scope["state"]["peer_trusted"] is True
