"""Reads the JSON body of a request into a typed one, or says everything that is wrong with it."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError
from starlette.requests import Request

from core.errors import FieldError, Invalid
from edge.answers.problem import HttpError
from edge.api.bad_fields import bad_fields
from edge.api.strict_json import DEPTH_LIMIT, checked_meta, strict_json
from edge.state import State

BODY_BYTES = 262_144
_JSON = "application/json"

M = TypeVar("M", bound="Body")
Value = TypeVar("Value")


class Body(BaseModel):
    """A request's body: camelCase on the wire, exact types, no field it does not know."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        strict=True,
    )

    def gave(self, name: str) -> bool:
        """Whether the caller named the field at all; null is a value like any other."""
        return name in self.model_fields_set


class BodyTooLarge(HttpError):
    """413; the rest of the body stays unread, so the connection ends with the answer."""

    status = 413
    code = "CONTENT_TOO_LARGE"
    message = "The body is larger than this address takes."

    def __init__(self) -> None:
        super().__init__(headers=((b"connection", b"close"),))


class WrongBodyType(HttpError):
    """415, with the type that would have been right (Accept-Post, W3C LDP 1.0, 7.1)."""

    status = 415
    code = "MEDIA_TYPE_UNSUPPORTED"

    def __init__(self, wanted: str) -> None:
        super().__init__(headers=((b"accept-post", wanted.encode("ascii")),))
        self.message = f"Send the body as {wanted}."


def _as_field_rule(rule: Callable[[Any], Value]) -> Callable[[Any], Value]:
    def obey(value: Any) -> Value:
        try:
            return rule(value)
        except Invalid as refusal:
            field = refusal.fields[0]
            code, message = field.code, field.message
            raise PydanticCustomError(code, message) from None

    return obey


def checked(rule: Callable[[Any], Value]) -> BeforeValidator:
    """A rule of core, which raises Invalid, as a rule for one field."""
    return BeforeValidator(_as_field_rule(rule))


def checked_after(rule: Callable[[Any], Value]) -> AfterValidator:
    """The same, for a value whose type is right already."""
    return AfterValidator(_as_field_rule(rule))


Meta = Annotated[dict[str, Any], checked(checked_meta)]


async def body_of(request: Request[State], model: type[M]) -> M:
    """The body as ``model``; no body at all is an empty object.

    Raises WrongBodyType, BodyTooLarge (more than 256 KiB), and Invalid with every bad field.
    """
    raw, _ = await _object_of(request)
    try:
        return model.model_validate_json(raw)
    except ValidationError as refusal:
        raise Invalid(fields=bad_fields(refusal, model)) from None


async def sound_part_of(request: Request[State], model: type[M]) -> tuple[M, list[FieldError]]:
    """As much of the body as is sound, and what is wrong with the rest: for fields that yet have
    to be judged together. ``model`` requires no field. Raises as body_of, but for bad fields.
    """
    raw, given = await _object_of(request)
    try:
        return model.model_validate_json(raw), []
    except ValidationError as refusal:
        bad = {detail["loc"][0] for detail in refusal.errors() if detail["loc"]}
        rest = {name: value for name, value in given.items() if name not in bad}
        return model.model_validate_json(orjson.dumps(rest)), bad_fields(refusal, model)


async def _object_of(request: Request[State]) -> tuple[bytes, dict[str, Any]]:
    """The JSON object of the body, as it came and as it is."""
    kind = request.headers.get("content-type")
    if kind is not None and kind.partition(";")[0].strip().lower() != _JSON:
        raise WrongBodyType(_JSON)
    raw = await limited_body(request, BODY_BYTES)
    if not raw:
        raw = b"{}"
    elif kind is None:
        raise WrongBodyType(_JSON)
    # The outermost object is no nesting anybody would count.
    value = strict_json(raw, "body", depth=DEPTH_LIMIT + 1)
    if not isinstance(value, dict):
        raise Invalid(fields=[FieldError("body", "TYPE_INVALID", "Send a JSON object.")])
    return raw, value


def canonical(body: Body) -> bytes:
    """The meaning of a body: the same for every spelling of it, whatever was left out or spaced."""
    given = body.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return orjson.dumps(given, option=orjson.OPT_SORT_KEYS)


async def limited_body(request: Request[State], limit: int) -> bytes:
    """The whole body, at most ``limit`` bytes, cut off while it arrives. Raises BodyTooLarge."""
    ensure_promises_less(request, limit)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise BodyTooLarge
        parts.append(part)
    return b"".join(parts)


def ensure_promises_less(request: Request[State], limit: int) -> None:
    """Raises BodyTooLarge when Content-Length says that it will not fit."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise BodyTooLarge
