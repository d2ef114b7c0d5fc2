"""Tells the holders of keys how much work their key may still start."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.types import ASGIApp

from core.errors import EdgeError
from edge.answers.answer import Answer
from edge.answers.errors import NOTED_HEADERS
from edge.answers.freshness import RawHeaders
from edge.server.middleware import KEY_ID
from edge.state import State

Handler = Callable[[Request[State]], Awaitable[ASGIApp]]

_TOO_MUCH = 429


def rated(handler: Handler) -> Handler:
    """``handler`` with X-RateLimit-Limit, -Remaining and -Reset on its answers and errors."""

    async def handle(request: Request[State]) -> ASGIApp:
        try:
            answer = await handler(request)
        except EdgeError:
            request.scope["state"][NOTED_HEADERS] = await _rate_headers(request)
            raise
        if not isinstance(answer, Answer):
            return answer
        headers = await _rate_headers(request)
        return replace(answer, raw_headers=[*answer.raw_headers, *headers])

    return handle


def told_when_refused(handler: Handler) -> Handler:
    """``handler`` of pictures, with the same lines only where a key asked for too much (429):
    what anybody may get says nothing of one key."""

    async def handle(request: Request[State]) -> ASGIApp:
        try:
            return await handler(request)
        except EdgeError as error:
            if error.status == _TOO_MUCH:
                request.scope["state"][NOTED_HEADERS] = await _rate_headers(request)
            raise

    return handle


async def _rate_headers(request: Request[State]) -> RawHeaders:
    """None without a limit, or without a known key."""
    key_id = request.scope["state"].get(KEY_ID)
    if key_id is None:
        return []
    state = await request.state["admission"].state(key_id)
    if state.limit == 0:
        return []
    return [
        (b"x-ratelimit-limit", b"%d" % state.limit),
        (b"x-ratelimit-remaining", b"%d" % state.remaining),
        (b"x-ratelimit-reset", b"%d" % state.reset),
    ]
