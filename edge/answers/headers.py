"""The header lines that say who may read an answer and what may be done with it."""

from edge.answers.freshness import RawHeaders

NOSNIFF = (b"x-content-type-options", b"nosniff")
SANDBOX = (b"content-security-policy", b"default-src 'none'; sandbox")

_EXPOSED = (
    b"Cache-Status, ETag, Retry-After, X-Cache-Status, X-Image-Id, X-Image-ThumbHash, "
    b"X-Image-Dominant-Color, X-Error-Code"
)
_OPEN: RawHeaders = [
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", _EXPOSED),
    (b"timing-allow-origin", b"*"),
]
_CLOSED: RawHeaders = [(b"cross-origin-resource-policy", b"same-origin")]


def looks(thumb_hash: str, dominant_color: str) -> RawHeaders:
    """What a page can show before it has the picture; a line for each that is known."""
    lines = [
        (b"x-image-thumbhash", thumb_hash.encode("ascii")),
        (b"x-image-dominant-color", dominant_color.encode("ascii")),
    ]
    return [(name, value) for name, value in lines if value]


def reading_rules(*, public: bool) -> RawHeaders:
    """CORP, CORS and Timing-Allow-Origin: open to every site, or to our own pages only."""
    return list(_OPEN if public else _CLOSED)
