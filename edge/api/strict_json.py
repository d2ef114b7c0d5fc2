"""JSON as the API takes it: UTF-8 without a byte order mark, no NaN, no depths, no NUL."""

from typing import Any

import orjson

from core.errors import FieldError, Invalid

DEPTH_LIMIT = 32
META_BYTES = 16_384
_NUL = "\0"


def strict_json(raw: bytes, name: str, *, depth: int = DEPTH_LIMIT) -> Any:
    """The parsed value; ``name`` is the field to blame.

    Raises Invalid with JSON_INVALID, JSON_TOO_DEEP or CONTROL_CHARACTER.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        message = "Send one JSON value in UTF-8, without a byte order mark, NaN or Infinity."
        raise _refused(name, "JSON_INVALID", message) from None
    ensure_sound(value, name, depth=depth)
    return value


def ensure_sound(value: Any, name: str, *, depth: int = DEPTH_LIMIT) -> None:
    """Raises Invalid when arrays and objects nest deeper than ``depth``, or a text holds NUL."""
    level = [value]
    for _ in range(depth + 1):
        if any(isinstance(each, str) and _NUL in each for each in level):
            # The databases cannot hold it, and no text means it.
            raise _refused(name, "CONTROL_CHARACTER", "Remove the NUL characters.")
        containers = [each for each in level if isinstance(each, dict | list)]
        if not containers:
            return
        level = [inner for container in containers for inner in _inside(container)]
    raise _refused(name, "JSON_TOO_DEEP", f"Nest at most {depth} arrays and objects.")


def checked_meta(value: Any) -> dict[str, Any]:
    """``meta`` as it is stored: an object of at most 16 KiB as compact JSON. Raises Invalid."""
    if not isinstance(value, dict):
        raise _refused("meta", "TYPE_INVALID", "Send a JSON object.")
    ensure_sound(value, "meta")
    if len(orjson.dumps(value)) > META_BYTES:
        raise _refused("meta", "META_TOO_LARGE", f"Use at most {META_BYTES} bytes as JSON.")
    return value


def _inside(container: dict[str, Any] | list[Any]) -> list[Any]:
    if isinstance(container, dict):
        return [*container.keys(), *container.values()]
    return container


def _refused(name: str, code: str, message: str) -> Invalid:
    return Invalid(fields=[FieldError(name, code, message)])
