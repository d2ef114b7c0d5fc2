"""The header lines of every outcome, to the letter: nothing missing, nothing more."""

import base64
import hashlib
import re
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any

import httpx
from PIL import Image

UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_EXPOSED = (
    "Cache-Status, ETag, Retry-After, X-Cache-Status, X-Image-Id, X-Image-ThumbHash, "
    "X-Image-Dominant-Color, X-Error-Code"
)
NO_STORE = {
    "cache-control": "private, no-store",
    "cdn-cache-control": "no-store",
    "x-accel-expires": "0",
}
PRIVATE = {
    "cache-control": "private, max-age=86400",
    "cdn-cache-control": "no-store",
    "x-accel-expires": "0",
}
PUBLIC = {
    "cache-control": (
        "public, max-age=86400, stale-while-revalidate=604800, stale-if-error=2592000"
    ),
    "cdn-cache-control": (
        "max-age=31536000, stale-while-revalidate=604800, stale-if-error=2592000"
    ),
}
STAND_IN = {"cache-control": "public, max-age=60", "cdn-cache-control": "max-age=60"}
OPEN = {
    "cross-origin-resource-policy": "cross-origin",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": _EXPOSED,
    "timing-allow-origin": "*",
}
CLOSED = {"cross-origin-resource-policy": "same-origin"}
NOSNIFF = {"x-content-type-options": "nosniff"}
SAFE = NOSNIFF | {"content-security-policy": "default-src 'none'; sandbox"}

HIT = {"cache-status": "edge; hit; ttl=86400", "x-cache-status": "HIT"}
MISS = {
    "cache-status": "edge; fwd=uri-miss; fwd-status=200; stored",
    "x-cache-status": "MISS",
}
COALESCED = {"cache-status": "edge; fwd=uri-miss; collapsed; stored", "x-cache-status": "COALESCED"}

_VALIDATORS = {"etag", "last-modified"}
_TAGS = {"cache-tag", "surrogate-key"}
_CONTENT = {
    "content-type",
    "content-length",
    "accept-ranges",
    "repr-digest",
    "content-disposition",
    "x-image-id",
    "x-generator",
    "x-image-thumbhash",
    "x-image-dominant-color",
}
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/avif": "avif"}


def ensure_exact(response: httpx.Response, lines: dict[str, str], others: set[str]) -> None:
    """These lines with these values, and the others with whatever they say; no line twice."""
    told = response.headers.multi_items()
    assert len(told) == len(dict(told)), told
    expected = {"date", *lines, *others}
    assert set(dict(told)) == expected, set(dict(told)) ^ expected
    assert {name: response.headers[name] for name in lines} == lines


def ensure_picture(
    response: httpx.Response,
    *kinds: dict[str, str],
    body: bytes | None = None,
    reading: dict[str, str] = OPEN,
    status: int = 200,
    extra: dict[str, str] | None = None,
) -> None:
    """The lines of an answer that carries or describes a picture, and what they say of it.

    ``body`` is the whole picture, where the answer holds less of it.
    """
    assert response.status_code == status, (response.status_code, response.text[:300])
    lines = {"x-robots-tag": "noindex", "accept-ranges": "bytes"} | SAFE | reading | (extra or {})
    for kind in kinds:
        lines |= kind
    ensure_exact(response, lines, _CONTENT | _VALIDATORS | _TAGS)
    whole = response.content if body is None else body
    digest = hashlib.sha256(whole)
    headers = response.headers
    assert headers["etag"] == f'"sha256-{digest.hexdigest()[:32]}"'
    assert headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert headers["content-type"] == f"image/{Image.open(BytesIO(whole)).format.lower()}"
    assert UUID.fullmatch(headers["x-image-id"])
    assert base64.b64decode(headers["x-image-thumbhash"], validate=True)
    assert re.fullmatch("#[0-9a-f]{6}", headers["x-image-dominant-color"])
    modified, date = headers["last-modified"], headers["date"]
    assert parsedate_to_datetime(modified) <= parsedate_to_datetime(date)
    _ensure_tags(headers)


def _ensure_tags(headers: httpx.Headers) -> None:
    tags = headers["cache-tag"].split(",")
    assert headers["surrogate-key"].split() == tags
    live, slot, image, project, *scope = tags
    assert (live, image) == ("live", f"i-{headers['x-image-id']}")
    assert len(scope) <= 1
    assert all(re.fullmatch("s-main-(site|hidden)-[a-z]+", one) for one in scope)
    assert re.fullmatch("k-[0-9a-f]{16}", slot)
    ending = _ENDINGS[headers["content-type"]]
    assert headers["content-disposition"] == f'inline; filename="{slot[2:]}.{ending}"'
    assert re.fullmatch("p-main-(site|hidden)", project)


def ensure_not_modified(
    response: httpx.Response, *kinds: dict[str, str], reading: dict[str, str] = OPEN
) -> None:
    assert (response.status_code, response.content) == (304, b"")
    lines = {"x-robots-tag": "noindex"} | reading
    for kind in kinds:
        lines |= kind
    ensure_exact(response, lines, _VALIDATORS | _TAGS)


def ensure_error(
    response: httpx.Response,
    status: int,
    code: str,
    *,
    detail: str | None = None,
    reading: dict[str, str] | None = None,
    extra: dict[str, str] | None = None,
    also: set[str] = frozenset(),
) -> dict[str, Any]:
    """The lines of a refusal or a failure; returns the error of its envelope.

    ``detail`` is what Cache-Status says after the lookup; without one there was none.
    """
    assert response.status_code == status, (response.status_code, response.text[:300])
    lines = {"x-error-code": code} | NO_STORE | SAFE | (OPEN if reading is None else reading)
    if detail is not None:
        forwarded = "; fwd-status=502" if status == 502 else ""
        lines["cache-status"] = f'edge; fwd=uri-miss{forwarded}; stored=?0; detail="{detail}"'
    others = {"content-type", "content-length", "x-request-id"} | also
    ensure_exact(response, lines | (extra or {}), others)
    assert UUID.fullmatch(response.headers["x-request-id"])
    if response.headers["content-type"] != "application/json":
        return {}
    return envelope_of(response)


def envelope_of(response: httpx.Response) -> dict[str, Any]:
    """The error inside, its form checked."""
    if response.request.method == "HEAD":
        assert response.content == b""
        return {}
    document = response.json()
    assert set(document) == {"success", "error"}
    assert document["success"] is False
    error = document["error"]
    assert set(error) - {"fields"} == {"code", "message", "requestId"}
    assert error["code"] == response.headers["x-error-code"]
    assert error["requestId"] == response.headers["x-request-id"]
    for field in error.get("fields", []):
        assert set(field) - {"suggestion"} == {"name", "code", "message"}
    return error


def ensure_png(response: httpx.Response, ratio: str) -> None:
    """A picture of this ratio that decodes, at most 512 pixels a side."""
    assert response.headers["content-type"] == "image/png"
    with Image.open(BytesIO(response.content), formats=("PNG",)) as image:
        image.load()
        width, height = image.size
    across, down = map(int, ratio.split(":"))
    assert max(width, height) == 512
    assert abs(width * down - height * across) <= max(across, down)
