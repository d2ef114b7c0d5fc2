"""The headers an error leaves with: what its status needs, who may read it, and no caching."""

import pytest
from httplint import HttpResponseLinter
from httplint.note import levels
from starlette.exceptions import HTTPException

from core.errors import (
    BudgetExhausted,
    Busy,
    CoordinatorDown,
    EdgeError,
    GenerationTimeout,
    GeneratorFailed,
    Invalid,
    NotCached,
    NotFound,
    SignatureInvalid,
    Unauthorized,
)
from edge.answers.problem import Stopping
from edge.answers.responses import RangeNotSatisfiable
from tests.edge.answers.error_answers import answers, scope, shown


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (Unauthorized(), 401, {"www-authenticate": 'ApiKey realm="edge"'}),
        (RangeNotSatisfiable(7), 416, {"content-range": "bytes */7", "accept-ranges": "bytes"}),
        (BudgetExhausted(retry_after=99.2), 429, {"retry-after": "100"}),
        (GenerationTimeout(), 504, {"retry-after": "30"}),
        (CoordinatorDown(), 503, {"retry-after": "5"}),
        (Busy(retry_after=0.01), 503, {"retry-after": "1"}),
        (Stopping(retry_after=1), 503, {"retry-after": "1"}),
        (HTTPException(405, headers={"Allow": "POST, GET"}), 405, {"allow": "GET, HEAD, OPTIONS"}),
    ],
)
async def test_an_error_brings_the_headers_its_status_needs(
    error: Exception, status: int, headers: dict[str, str]
) -> None:
    answered = await answers().answer(scope(), error)
    assert answered.status == status
    assert shown(answered).items() >= headers.items()


async def test_off_the_live_routes_allow_is_what_the_route_takes_and_no_site_may_read() -> None:
    error = HTTPException(405, headers={"Allow": "POST, DELETE"})
    headers = shown(await answers().answer(scope("/api/v1/flows"), error))
    assert headers["allow"] == "DELETE, POST"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


async def test_a_handler_may_close_its_errors_to_other_sites() -> None:
    headers = shown(await answers().answer(scope(cors_public=False), NotFound()))
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(("spread", "most"), [(0.0, 100), (0.999, 119)])
async def test_those_refused_together_come_back_apart(spread: float, most: int) -> None:
    jittered = answers(spread=lambda: spread)
    busy = await jittered.answer(scope(), Busy(retry_after=100))
    assert shown(busy)["retry-after"] == str(most)
    exact = await jittered.answer(scope(), BudgetExhausted(retry_after=100))
    assert shown(exact)["retry-after"] == "100"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (
            GeneratorFailed(),
            'edge; fwd=uri-miss; fwd-status=502; stored=?0; detail="generator-error"',
        ),
        (NotCached(), 'edge; fwd=uri-miss; stored=?0; detail="only-if-cached"'),
        (BudgetExhausted(), 'edge; fwd=uri-miss; stored=?0; detail="budget"'),
        (GenerationTimeout(), 'edge; fwd=uri-miss; stored=?0; detail="generation-deadline"'),
        (Invalid(), None),
        (Unauthorized(), None),
        (SignatureInvalid(), None),
        (NotFound(), None),
        (Stopping(), None),
        (RuntimeError(), None),
    ],
)
async def test_only_a_lookup_has_a_cache_status(error: Exception, status: str | None) -> None:
    assert shown(await answers().answer(scope(), error)).get("cache-status") == status


def every_error(family: type[EdgeError] = EdgeError) -> list[type[EdgeError]]:
    return [family, *(one for child in family.__subclasses__() for one in every_error(child))]


@pytest.mark.parametrize(
    "kind", [kind for kind in every_error() if kind.__module__ == "core.errors"]
)
async def test_the_linter_of_the_field_finds_nothing_bad_in_any_error(
    kind: type[EdgeError],
) -> None:
    answered = await answers().answer(scope(), kind())
    linter = HttpResponseLinter()
    linter.process_response_topline(b"HTTP/1.1", str(answered.status).encode(), b"")
    linter.process_headers([(b"date", b"Tue, 22 Sep 2026 00:00:00 GMT"), *answered.raw_headers])
    linter.feed_content(answered.body)
    linter.finish_content(True)
    assert [str(note.summary) for note in linter.notes if note.level is levels.BAD] == []
    assert shown(answered)["cache-control"] == "private, no-store"
