"""Every status an error can have, with its codes: the error half of the document."""

from typing import Any

Json = dict[str, Any]

_THINGS = "GENERATION, IMAGE, FLOW, ALIAS, KEY, PROJECT, SCOPE"

CODES = {
    400: "VALIDATION_ERROR (every bad field is listed), KEY_IN_URL",
    401: "UNAUTHORIZED: no key, or one that is unknown, expired or revoked",
    403: "FORBIDDEN, SIGNATURE_INVALID, SPENDING_NOT_ALLOWED",
    404: f"NOT_FOUND, or <THING>_NOT_FOUND with one of {_THINGS}",
    405: "METHOD_NOT_ALLOWED; Allow names the methods there are",
    409: "ALIAS_CONFLICT, NOT_RETRYABLE, SCOPE_ALREADY_EXISTS, IDEMPOTENCY_IN_PROGRESS",
    410: "URL_EXPIRED: the signature is right, its time is over; GONE: taken down for good",
    413: "CONTENT_TOO_LARGE",
    414: "URI_TOO_LONG: more than 16 KiB",
    415: "MEDIA_TYPE_UNSUPPORTED (Accept-Post names the right one), IMAGE_TYPE_UNSUPPORTED",
    416: "RANGE_NOT_SATISFIABLE",
    421: "MISDIRECTED_REQUEST: the address and the Host header disagree",
    422: "CONTENT_REFUSED, IMAGE_CORRUPT, IMAGE_TOO_LARGE, IDEMPOTENCY_MISMATCH",
    429: "RATE_LIMIT_EXCEEDED, BUDGET_EXHAUSTED; stored pictures still answer",
    431: "HEADERS_TOO_LARGE",
    500: "INTERNAL_ERROR; quote the requestId",
    502: "GENERATOR_FAILED",
    503: "BUSY, GENERATOR_BUSY, COORDINATOR_UNAVAILABLE, STORE_UNAVAILABLE",
    504: "GENERATION_TIMEOUT, NOT_CACHED (only-if-cached)",
}
_TOO_MUCH = 429
_LATER = (_TOO_MUCH, 502, 503, 504)
# Where a key is known.
RATES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def error_name(status: int) -> str:
    """The component's name; the phrases of statuses differ between versions of Python."""
    return f"Error{status}"


def error_responses() -> Json:
    """components.responses."""
    return {error_name(status): _described(status, codes) for status, codes in CODES.items()}


def _described(status: int, codes: str) -> Json:
    headers = ["X-Error-Code", "X-Request-Id"] + (["Retry-After"] if status in _LATER else [])
    headers += [*RATES] if status == _TOO_MUCH else []
    return {
        "description": codes + ".",
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Error"}},
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
            "image/png": {},
        },
    }
