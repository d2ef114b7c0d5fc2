"""Serves live-img.js, the element for other people's pages: kept a while, then asked for again."""

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.routing import Route

from edge.answers.answer import Answer, with_body
from edge.answers.conditional import Conditions, Selection, conditions_of, select
from edge.answers.headers import NOSNIFF, SANDBOX, reading_rules
from edge.state import State

_SOURCE = Path(__file__).parent / "pages" / "live-img.js"
_SCRIPT = b"text/javascript; charset=utf-8"
# Pages name no version, so a mended element has to reach them soon.
_KEPT = (b"cache-control", b"public, max-age=600, stale-while-revalidate=86400")


def element_route() -> Route:
    """GET, HEAD /live-img.js for every origin; ``ETag`` is its version."""
    body = served(_SOURCE.read_text("utf-8"))
    etag = f'"sha256-{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = [
        _KEPT,
        (b"etag", etag.encode("ascii")),
        NOSNIFF,
        SANDBOX,
        *reading_rules(public=True),
    ]
    whole = with_body(200, headers, _SCRIPT, body)

    async def show(request: Request[State]) -> Answer:
        asked = conditions_of(request.scope["headers"])
        known = Conditions(if_none_match=asked.if_none_match)
        chosen = select(request.method, known, etag=etag, modified=0, length=len(body))
        if chosen is Selection.NOT_MODIFIED:
            return Answer(304, headers)
        return Answer(200, whole.raw_headers) if request.method == "HEAD" else whole

    return Route("/live-img.js", show)


def served(source: str) -> bytes:
    """The script without indentation, empty lines and lines that are nothing but a comment."""
    lines = (line.strip() for line in source.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//")).encode()
