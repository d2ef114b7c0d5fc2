"""Errors without a server: a request that went wrong, and what is answered."""

from collections.abc import Callable
from typing import Any

import structlog

from edge.answers.answer import Answer
from edge.answers.errors import ErrorAnswers

LIVE = "/api/v1/live"


def card(ratio: str, code: str) -> bytes:
    return f"PNG {ratio} {code}".encode()


def answers(
    draw: Callable[[str, str], bytes] = card, spread: Callable[[], float] = lambda: 0.0
) -> ErrorAnswers:
    return ErrorAnswers(draw, structlog.get_logger(), spread=spread)


def scope(
    path: str = LIVE,
    *,
    method: str = "GET",
    query: bytes = b"",
    headers: dict[str, str] | None = None,
    **state: Any,
) -> dict[str, Any]:
    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": raw,
        "state": {"request_id": "0199-request", **state},
    }


def shown(answered: Answer) -> dict[str, str]:
    names = [name for name, _ in answered.raw_headers]
    assert len(names) == len(set(names))
    return {name.decode(): value.decode() for name, value in answered.raw_headers}
