"""What a validation found wrong, field by field, in our words: no value ever comes back."""

import re
from difflib import get_close_matches
from types import GenericAlias, UnionType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from core.errors import FieldError

_SHOWABLE = re.compile(r"[A-Za-z0-9_.@-]{1,100}")
_CODES = {"missing": "FIELD_MISSING", "extra_forbidden": "UNKNOWN_FIELD"}
_CUSTOM = re.compile("[A-Z][A-Z0-9_]*")


def bad_fields(refusal: ValidationError, model: type[BaseModel]) -> list[FieldError]:
    """Every bad field, named as on the wire, with the nearest known name for unknown ones."""
    details = refusal.errors(include_url=False, include_context=False, include_input=False)
    return [_field(one, model) for one in details]


def nearest(text: str, known: list[str]) -> str | None:
    """The known name that was probably meant."""
    folded = {name.lower(): name for name in known}
    # A bounded text: the comparison takes quadratic time.
    plain = text[:40].lower().replace("-", "").replace("_", "")
    matches = get_close_matches(plain, folded, n=1)
    return folded[matches[0]] if matches else None


def _field(detail: ErrorDetails, model: type[BaseModel]) -> FieldError:
    kind, place = detail["type"], [str(step) for step in detail["loc"] if step != "[key]"]
    name = _shown(place)
    if kind == "missing":
        return FieldError(name, _CODES[kind], "This field is required.")
    if kind == "extra_forbidden":
        known = _names_at(model, place[:-1])
        message = f"There is no such field. Known are {', '.join(known)}."
        return FieldError(name, _CODES[kind], message, nearest(place[-1], known))
    return FieldError(name, _code(kind), detail["msg"].rstrip(".") + ".")


def _shown(place: list[str]) -> str:
    """Only plain words come back to their sender; else the innermost plain one around them."""
    while place and not _SHOWABLE.fullmatch(".".join(place)):
        place = place[:-1]
    return ".".join(place) or "body"


def _code(kind: str) -> str:
    if _CUSTOM.fullmatch(kind):
        return kind
    return "TYPE_INVALID" if kind.endswith(("_type", "_parsing")) else "VALUE_INVALID"


def _names_at(model: type[BaseModel], place: list[str]) -> list[str]:
    """The field names on the wire of the object at ``place``."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    if not place:
        return list(fields)
    inner = _model_in(fields[place[0]].annotation) if place[0] in fields else None
    return [] if inner is None else _names_at(inner, place[1:])


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, GenericAlias | UnionType) or get_args(annotation):
        inside = (_model_in(part) for part in get_args(annotation))
        return next((found for found in inside if found is not None), None)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None
