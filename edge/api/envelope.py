"""The envelope of every answer of the REST API that is no error; never to be kept by anybody."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from core.listing import Listing, Window
from edge.answers.answer import Answer, with_body
from edge.answers.freshness import NO_STORE
from edge.answers.headers import NOSNIFF, SANDBOX, reading_rules

_JSON = b"application/json"


def done(data: Any, status: int = 200, headers: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    """``{"success": true, "data": …}``; ``headers`` have lower-case names."""
    return _answer({"success": True, "data": data}, status, headers)


def listed(listing: Listing[Any], rows: Sequence[Any], window: Window) -> Answer:
    """A part of a list; ``rows`` are the listing's rows as JSON."""
    pagination: dict[str, Any] = {
        "total": listing.total,
        "limit": window.limit,
        "offset": window.offset,
        "hasMore": listing.next_cursor is not None,
    }
    if listing.next_cursor is not None:
        pagination["nextCursor"] = listing.next_cursor
    if not listing.total_is_exact:
        pagination["totalIsExact"] = False
    return _answer({"success": True, "data": rows, "pagination": pagination}, 200, ())


def _answer(content: Any, status: int, headers: Iterable[tuple[bytes, bytes]]) -> Answer:
    lines = [*NO_STORE, NOSNIFF, SANDBOX, *reading_rules(public=False), *headers]
    return with_body(status, lines, _JSON, orjson.dumps(content))
