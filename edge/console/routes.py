"""Serves the pages for people and what they consist of; nothing on them comes from elsewhere."""

import time
from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path
from string import Template

import orjson
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from edge.answers.answer import Answer, with_body
from edge.answers.freshness import NO_STORE, RawHeaders
from edge.answers.headers import NOSNIFF, SANDBOX, reading_rules
from edge.api.openapi.document import openapi_document
from edge.api.sites import origin_of
from edge.console.element import element_route
from edge.console.example import Example
from edge.state import State

_FOLDER = Path(__file__).parent / "pages"
_HTML = b"text/html; charset=utf-8"
_RULES = (
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "connect-src 'self'",
    # blob: is how the element shows a picture that was not ready at first.
    "img-src 'self' data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
_POLICY = (b"content-security-policy", "; ".join(_RULES).encode("ascii"))
_STATIC = (
    ("/docs", "docs.html", _HTML),
    ("/docs/docs.js", "docs.js", b"text/javascript; charset=utf-8"),
    ("/docs/style.css", "style.css", b"text/css; charset=utf-8"),
    ("/robots.txt", "robots.txt", b"text/plain; charset=utf-8"),
    ("/favicon.ico", "favicon.ico", b"image/x-icon"),
)

Handler = Callable[[Request[State]], Awaitable[Answer]]


def console_routes(live_path: str, *, free: bool) -> list[BaseRoute]:
    """``live_path`` is the live endpoint of a public page; ``free``: pictures cost nothing."""
    home = Template((_FOLDER / "home.html").read_text("utf-8"))
    document = _page(b"application/json", orjson.dumps(openapi_document()))
    files = [
        Route(path, _always(_page(kind, (_FOLDER / name).read_bytes())))
        for path, name, kind in _STATIC
    ]
    return [
        Route("/", _home(home, Example(live_path, free))),
        Route("/openapi.json", _always(document)),
        element_route(),
        *files,
    ]


def _home(page: Template, example: Example) -> Handler:
    async def show(request: Request[State]) -> Answer:
        target = example.target(request.state["signer"], time.time())
        shown = page.substitute(
            picture=escape(target), origin=escape(origin_of(request)), note=escape(example.note)
        )
        return _page(_HTML, shown.encode())

    return show


def _always(answer: Answer) -> Handler:
    async def show(_request: Request[State]) -> Answer:
        return answer

    return show


def _page(kind: bytes, body: bytes) -> Answer:
    policy = _POLICY if kind == _HTML else SANDBOX
    headers: RawHeaders = [*NO_STORE, NOSNIFF, policy, (b"referrer-policy", b"no-referrer")]
    return with_body(200, [*headers, *reading_rules(public=False)], kind, body)
