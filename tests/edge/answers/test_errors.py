"""How errors look from outside: to programs, to people's browsers, and to <img>."""

import json
from typing import Any

import pytest
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Mount, Route, Router

from cache.errors import CoordinatorUnavailable, NotAdmitted, TierUnavailable
from core.errors import (
    BudgetExhausted,
    FieldError,
    GeneratorFailed,
    Invalid,
    NotCached,
    NotFound,
)
from edge.answers.answer import Answer
from edge.answers.errors import wanted_ratio
from tests.edge.answers.error_answers import LIVE, answers, scope, shown


async def test_an_error_is_json_in_our_envelope_and_never_kept() -> None:
    fields = [
        FieldError("prompt", "PROMPT_MISSING", "Say what."),
        FieldError("aspectratio", "UNKNOWN_PARAMETER", "No such thing.", "aspectRatio"),
    ]
    answered = await answers().answer(scope(), Invalid(fields=fields))
    assert answered.status == 400
    assert json.loads(answered.body) == {
        "success": False,
        "error": {
            "code": "VALIDATION_ERROR",
            "message": Invalid.message,
            "requestId": "0199-request",
            "fields": [
                {"name": "prompt", "code": "PROMPT_MISSING", "message": "Say what."},
                {
                    "name": "aspectratio",
                    "code": "UNKNOWN_PARAMETER",
                    "message": "No such thing.",
                    "suggestion": "aspectRatio",
                },
            ],
        },
    }
    assert shown(answered) == {
        "content-type": "application/json",
        "content-length": str(len(answered.body)),
        "cache-control": "private, no-store",
        "cdn-cache-control": "no-store",
        "x-accel-expires": "0",
        "x-error-code": "VALIDATION_ERROR",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "cross-origin",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": (
            "Cache-Status, ETag, Retry-After, X-Cache-Status, X-Image-Id, X-Image-ThumbHash, "
            "X-Image-Dominant-Color, X-Error-Code"
        ),
        "timing-allow-origin": "*",
        "x-request-id": "0199-request",
    }


async def test_a_problem_document_has_the_same_members() -> None:
    asked = scope(headers={"accept": "application/problem+json"})
    field = FieldError("prompt", "PROMPT_MISSING", "Say what.")
    answered = await answers().answer(asked, Invalid(fields=[field]))
    assert shown(answered)["content-type"] == "application/problem+json"
    assert json.loads(answered.body) == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": Invalid.message,
        "success": False,
        "code": "VALIDATION_ERROR",
        "message": Invalid.message,
        "requestId": "0199-request",
        "fields": [{"name": "prompt", "code": "PROMPT_MISSING", "message": "Say what."}],
    }


async def test_to_an_image_client_an_error_is_a_picture_of_the_asked_ratio() -> None:
    asked = scope(headers={"sec-fetch-dest": "image"}, ratio="16:9")
    answered = await answers().answer(asked, GeneratorFailed())
    assert (answered.status, answered.body) == (502, b"PNG 16:9 GENERATOR_FAILED")
    headers = shown(answered)
    assert headers["content-type"] == "image/png"
    assert headers["x-error-code"] == "GENERATOR_FAILED"
    assert headers["cache-control"] == "private, no-store"
    assert headers["content-length"] == str(len(answered.body))


@pytest.mark.parametrize(
    ("query", "ratio"),
    [
        (b"prompt=x&aspectRatio=16:9", "16:9"),
        (b"prompt=x&ar=1920x1080", "16:9"),
        (b"aspectRatio=21%3A9", "21:9"),
        (b"aspectRatio=17:9", "1:1"),
        (b"aspectRatio=", "1:1"),
        (b"aspectRatio=4:3&ar=16:9", "1:1"),
        (b"&".join([b"a=b"] * 5_000), "1:1"),
        (b"aspectRatio=%ff", "1:1"),
        (b"\xff=%zz", "1:1"),
        (b"", "1:1"),
    ],
)
def test_the_ratio_is_taken_from_the_query_only_if_it_is_one(query: bytes, ratio: str) -> None:
    assert wanted_ratio(scope(query=query)) == ratio


async def test_a_card_is_drawn_once() -> None:
    drawn: list[tuple[str, str]] = []

    def draw(ratio: str, code: str) -> bytes:
        drawn.append((ratio, code))
        return b"card"

    shared = answers(draw)
    for _ in range(3):
        await shared.answer(scope(headers={"accept": "image/*"}), NotFound())
    assert drawn == [("1:1", "NOT_FOUND")]


async def test_a_card_that_cannot_be_drawn_leaves_the_text() -> None:
    def broken(ratio: str, code: str) -> bytes:
        raise OSError("no font")

    with structlog.testing.capture_logs() as logs:
        answered = await answers(broken).answer(scope(headers={"accept": "image/*"}), NotFound())
    assert (answered.status, shown(answered)["content-type"]) == (404, "application/json")
    assert [line["log_level"] for line in logs] == ["error"]


async def test_head_gets_the_status_and_the_headers_but_no_body() -> None:
    get = await answers().answer(scope(), NotFound("IMAGE"))
    head = await answers().answer(scope(method="HEAD"), NotFound("IMAGE"))
    assert (head.status, head.body) == (404, b"")
    assert shown(head) == shown(get)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("secret"), KeyError("secret"), MemoryError(), HTTPException(500, "secret")],
)
async def test_what_was_not_foreseen_says_nothing(error: Exception) -> None:
    answered = await answers().answer(scope(), error)
    assert answered.status == 500
    assert b"secret" not in answered.body
    assert json.loads(answered.body)["error"]["code"] in {"INTERNAL_ERROR", "INTERNAL_SERVER_ERROR"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CoordinatorUnavailable(), "COORDINATOR_UNAVAILABLE"),
        (TierUnavailable(), "STORE_UNAVAILABLE"),
        (NotAdmitted("key:1", BudgetExhausted()), "BUDGET_EXHAUSTED"),
        (NotAdmitted("key:1", ValueError()), "INTERNAL_ERROR"),
        (HTTPException(404, "echo"), "NOT_FOUND"),
        (HTTPException(418, "echo"), "IM_A_TEAPOT"),
    ],
)
async def test_errors_of_other_rooms_have_a_public_face(error: Exception, code: str) -> None:
    answered = await answers().answer(scope(), error)
    assert json.loads(answered.body)["error"]["code"] == code
    assert b"echo" not in answered.body


class Recorder:
    """Collects what an ASGI application sends."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message["body"]


async def nothing_to_read() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/nowhere", "GET", 404, "NOT_FOUND"),
        ("/api/v1/nowhere", "GET", 404, "NOT_FOUND"),
        ("/cdn/a/b/live/page", "PUT", 405, "METHOD_NOT_ALLOWED"),
        ("/api/v1/live", "GET", 404, "NOT_FOUND"),
        ("/api/v1/things", "GET", 504, "NOT_CACHED"),
    ],
)
async def test_the_routers_refusals_look_like_ours(
    path: str, method: str, status: int, code: str
) -> None:
    async def absent(request: Request) -> Answer:
        raise NotFound

    async def uncached(request: Request) -> Answer:
        raise NotCached

    app = Starlette(
        routes=[
            Route(LIVE, absent),
            Route("/cdn/{rest:path}", absent),
            Mount("/api/v1", app=Router([Route("/things", uncached)])),
        ],
        exception_handlers=answers().handlers(),
    )
    recorder = Recorder()
    asked = scope(path, method=method) | {"raw_path": path.encode(), "root_path": ""}
    await app(asked, nothing_to_read, recorder.send)
    assert recorder.status == status
    assert json.loads(recorder.body)["error"]["code"] == code
    assert recorder.headers["cache-control"] == "private, no-store"
