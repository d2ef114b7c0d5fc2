"""The parameters and headers of all operations, each described once."""

from collections.abc import Mapping
from typing import Any, get_args

from core.live_request import SEED_LIMIT, TEMPLATES
from core.models import Status
from core.prompt import LIVE_PROMPT_LIMIT
from core.ratio import DEFAULT_RATIO
from core.variants import FITS, FORMATS
from edge.api.grammar import ALIAS, GIVEN_RATIO, GIVEN_SLUG
from edge.api.windows import LIMIT_DEFAULT, LIMIT_MOST, OFFSET_MOST
from edge.live_query import LONGEST_WAIT
from edge.wish_query import DENSITY_LIMIT, QUALITY_LIMIT, SIDE_LIMIT

Json = dict[str, Any]

_TEXT: Json = {"type": "string", "minLength": 1, "maxLength": 500}
_FLAG: Json = {"type": "string", "enum": ["true", "false"], "default": "false"}


def parameters() -> Json:
    """components.parameters."""
    return _paths() | _lists() | _filters() | _pictures() | _derivatives() | _request_headers()


def headers() -> Json:
    """components.headers: what answers carry."""
    return {name: {"description": text, "schema": schema} for name, text, schema in _HEADERS}


def _paths() -> Json:
    path = {"in": "path", "required": True}
    uuid = {"type": "string", "format": "uuid"}
    reference = {"type": "string", "minLength": 1, "examples": ["@hero"]}
    both = "An id, or an @alias."
    return {
        "id": {"name": "id", **path, "schema": uuid},
        "imageReference": {"name": "id", **path, "schema": reference, "description": both},
        "alias": {"name": "alias", **path, "schema": {"type": "string", "pattern": ALIAS}},
        "reference": {"name": "reference", **path, "schema": reference, "description": both},
        "organization": {"name": "organization", **path, "schema": GIVEN_SLUG},
        "project": {"name": "project", **path, "schema": GIVEN_SLUG},
        "scope": {"name": "scope", **path, "schema": GIVEN_SLUG},
        "slug": {"name": "slug", **path, "schema": GIVEN_SLUG},
    }


def _lists() -> Json:
    limit = {"type": "integer", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT_DEFAULT}
    offset = {"type": "integer", "minimum": 0, "maximum": OFFSET_MOST, "default": 0}
    cursor = {"type": "string", "pattern": "^[A-Za-z0-9_.=-]{1,300}$"}
    return {
        "limit": _query("limit", limit, "How many rows."),
        "offset": _query("offset", offset, "How many to leave out; further on, use cursor."),
        "cursor": _query("cursor", cursor, "pagination.nextCursor of the answer before, as it is."),
    }


def _filters() -> Json:
    sources = {"type": "string", "enum": ["generated", "uploaded"]}
    conflict = {"type": "string", "enum": ["move", "fail"], "default": "move"}
    taken = "Whether an alias that another image holds moves here, or the answer is 409."
    hard = "true erases the bytes, too."
    return {
        "status": _query("status", {"type": "string", "enum": [*get_args(Status)]}),
        "flowId": _query("flowId", _TEXT, "Rows of this flow; an unknown one has none."),
        "withinFlow": _query("flowId", _TEXT, "The flow whose aliases count first."),
        "source": _query("source", sources),
        "strangersScope": _query("scope", GIVEN_SLUG, "As a stranger through this page."),
        "aliasFilter": _query("alias", {"type": "string", "pattern": ALIAS}),
        "includeDeleted": _query("includeDeleted", _FLAG),
        "onConflict": _query("onConflict", conflict, taken),
        "hard": _query("hard", _FLAG, hard),
    }


def _pictures() -> Json:
    prompt = {"type": "string", "minLength": 1, "examples": ["a red lighthouse"]}
    encoded = {"type": "string", "pattern": "^[A-Za-z0-9_-]+={0,2}$"}
    ratio = {**GIVEN_RATIO, "default": DEFAULT_RATIO}
    seed = {"type": "integer", "minimum": 0, "maximum": SEED_LIMIT}
    model = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$"}
    wait = {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT, "default": LONGEST_WAIT}
    end = {"type": "integer", "minimum": 0, "maximum": 10**12 - 1}
    shown = f"What the picture shows: 1 to {LIVE_PROMPT_LIMIT} characters. Required, or prompt64."
    held = "Seconds to hold the line; then 202, and the work goes on."
    return {
        "prompt": _query("prompt", prompt, shown),
        "prompt64": _query("prompt64", encoded, "The prompt as base64url instead."),
        "aspectRatio": _query("aspectRatio", ratio),
        "ar": _query("ar", ratio, "Short for aspectRatio."),
        "seed": _query("seed", seed, "Without one it is derived from the rest."),
        "model": _query("model", model),
        "autoEnhance": _query("autoEnhance", _FLAG, "Make the prompt fuller first."),
        "template": _query(
            "template", {"type": "string", "enum": [*TEMPLATES]}, "Needs autoEnhance=true."
        ),
        "wait": _query("wait", wait, held),
        "kid": _query("kid", {"type": "string"}, "Of a signed URL: which key signed."),
        "exp": _query("exp", end, "Of a signed URL: its end, unix seconds."),
        "sig": _query("sig", {"type": "string"}, "Of a signed URL: the signature."),
    }


def _derivatives() -> Json:
    side = {"type": "integer", "minimum": 1, "maximum": SIDE_LIMIT}
    density = {"type": "number", "minimum": 1, "maximum": DENSITY_LIMIT}
    quality = {"type": "integer", "minimum": 1, "maximum": QUALITY_LIMIT}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    # Whoever wrote the URL is known by a key or a signature; the others share a few sizes.
    width = "In CSS pixels; never larger than the master. Without key or signature: up the ladder."
    fit = "cover cuts off, contain pads with the dominant colour, inside only shrinks."
    auto = "Without it the master's own. auto: by Accept among what is ready, and Vary says so."
    spot = "Of the spot to keep in view, from the left; with fp-y. Else as the image's record says."
    return {
        "w": _query("w", side, width),
        "h": _query("h", side, "In CSS pixels, as w."),
        "dpr": _query("dpr", {**density, "default": 1}, "Device pixels per CSS pixel."),
        "fit": _query("fit", {"type": "string", "enum": [*FITS], "default": FITS[0]}, fit),
        "q": _query("q", quality, "Of the encoding; PNG has none."),
        "fm": _query("fm", {"type": "string", "enum": [*FORMATS]}, auto),
        "fp-x": _query("fp-x", share, spot),
        "fp-y": _query("fp-y", share, "The same from the top."),
    }


def _request_headers() -> Json:
    wait = f"`wait=0` to `wait={LONGEST_WAIT}` seconds; `respond-async` answers 202 (RFC 7240)."
    once = "1 to 255 visible characters; the same request gets the same answer for 24 hours."
    visible = {"type": "string", "pattern": "^[!-~]{1,255}$"}
    return {
        "Prefer": _header("Prefer", {"type": "string", "examples": ["wait=10"]}, wait),
        "Idempotency-Key": _header("Idempotency-Key", visible, once),
        "If-None-Match": _header(
            "If-None-Match", {"type": "string"}, "ETags: 304 when it matches."
        ),
        "Range": _header(
            "Range", {"type": "string", "examples": ["bytes=0-99"]}, "One range of bytes: 206."
        ),
        "Last-Event-ID": _header(
            "Last-Event-ID", {"type": "string"}, "The last event seen: 204 when it was the end."
        ),
    }


def _query(name: str, schema: Mapping[str, Any], text: str = "") -> Json:
    shown: Json = {"name": name, "in": "query", "schema": dict(schema)}
    return shown | ({"description": text} if text else {})


def _header(name: str, schema: Mapping[str, Any], text: str) -> Json:
    return {"name": name, "in": "header", "schema": dict(schema), "description": text}


_STRING: Json = {"type": "string"}
_NUMBER: Json = {"type": "integer", "minimum": 0}
_HEADERS = (
    ("X-Error-Code", "The error's code.", _STRING),
    ("X-Request-Id", "Quote it when you report something.", _STRING),
    ("Retry-After", "Seconds after which trying again is worth it.", _NUMBER),
    ("Location", "Where the generation is.", {"type": "string", "format": "uri-reference"}),
    ("Preference-Applied", "The preferences that were honoured.", _STRING),
    ("Idempotency-Replayed", "The answer is the one this key got before.", {"const": "true"}),
    ("X-RateLimit-Limit", "How much work the key may start per window.", _NUMBER),
    ("X-RateLimit-Remaining", "How much of it is left.", _NUMBER),
    ("X-RateLimit-Reset", "When all of it is back, unix seconds.", _NUMBER),
    ("ETag", "Of these very bytes.", _STRING),
    ("Last-Modified", "When the picture was stored.", _STRING),
    ("Cache-Control", "For how long the picture may be kept, and by whom.", _STRING),
    (
        "X-Cache-Status",
        "HIT: it was there. MISS: made for this request. COALESCED: for another at the same time.",
        {"type": "string", "enum": ["HIT", "MISS", "COALESCED"]},
    ),
    ("X-Image-Id", "The image's id.", {"type": "string", "format": "uuid"}),
    ("X-Generator", "What made it.", _STRING),
    ("X-Image-ThumbHash", "ThumbHash of the master, base64.", _STRING),
    ("X-Image-Dominant-Color", "Of the master, `#rrggbb`.", _STRING),
    ("Vary", "With fm=auto alone.", {"const": "Accept"}),
    ("Content-Range", "Which part this is.", _STRING),
)
