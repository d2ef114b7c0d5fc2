"""The header lines that say who may read an answer and what may be done with it."""

from edge.answers.freshness import RawHeaders

NOSNIFF = (b"x-content-type-options", b"nosniff")
SANDBOX = (b"content-security-policy", b"default-src 'none'; sandbox")

_EXPOSED = (
    b"Cache-Status, ETag, Retry-After, X-Cache-Status, X-Image-Id, X-Image-ThumbHash, X-Error-Code"
)
_OPEN: RawHeaders = [
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", _EXPOSED),
    (b"timing-allow-origin", b"*"),
]
_CLOSED: RawHeaders = [(b"cross-origin-resource-policy", b"same-origin")]


def reading_rules(*, public: bool) -> RawHeaders:
    """CORP, CORS and Timing-Allow-Origin: open to every site, or to our own pages only."""
    return list(_OPEN if public else _CLOSED)
