"""Describes the pages around the API."""

from edge.api.openapi.answers import Alive, Ready
from edge.api.openapi.operations import Content, Operation

_TAG = "Service"


def page_operations() -> list[Operation]:
    return [
        _page("/health", "health", "Is the process alive?", {200: Content("It is.", Alive)}),
        _page(
            "/ready",
            "ready",
            "Can hits be served from here?",
            {
                200: Content("Yes; degraded when a part is away that hits can do without.", Ready),
                503: Content("No: unavailable, or draining before a stop.", Ready),
            },
        ),
        Operation(
            "get",
            "/metrics",
            "metrics",
            _TAG,
            "Numbers for Prometheus",
            {200: Content("The text format.", kinds=("text/plain",))},
            text="Where the operator has set a token, send it as Authorization: Bearer.",
            errors=(401,),
        ),
        _page(
            "/openapi.json",
            "openapi",
            "This document",
            {200: Content("OpenAPI 3.1.", kinds=("application/json",))},
        ),
        _html("/docs", "docs", "This document for people"),
        _html("/", "home", "What this is"),
        _page("/robots.txt", "robots", "What crawlers may visit", {200: _plain()}),
        _page(
            "/favicon.ico", "icon", "The icon", {200: Content("An icon.", kinds=("image/x-icon",))}
        ),
        _page("/live-img.js", "element", "The element for pages", {200: _script()}),
    ]


def _page(path: str, name: str, summary: str, answers: dict[int, Content]) -> Operation:
    return Operation("get", path, name, _TAG, summary, answers)


def _html(path: str, name: str, summary: str) -> Operation:
    return _page(path, name, summary, {200: Content("A page.", kinds=("text/html",))})


def _plain() -> Content:
    return Content("Plain text.", kinds=("text/plain",))


def _script() -> Content:
    return Content("A script.", kinds=("text/javascript",))
