"""Live parameters as fields of a JSON body: the same names, the same rules, one reader."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from core.errors import FieldError
from core.live_request import SEED_LIMIT, TEMPLATES
from core.variants import FITS, FORMATS
from edge.api.bodies import Body
from edge.api.grammar import GIVEN_RATIO
from edge.live_query import LONGEST_WAIT
from edge.query import Parameters
from edge.wish_query import DENSITY_LIMIT, QUALITY_LIMIT, SIDE_LIMIT

# Beyond it two JSON readers need not agree on a number (RFC 8259, 6).
_EXACT = 2**53


def as_text(value: Any) -> Any:
    """A JSON number as a URL would hold it; anything else as it is."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _EXACT:
        raise PydanticCustomError("TYPE_INVALID", "Use a number, or the same number as text")
    whole = isinstance(value, int) or value.is_integer()
    return str(int(value)) if whole else f"{Decimal(repr(value)):f}"


def number_schema(low: float, high: float, kind: str = "integer") -> Any:
    """The schema of a Number."""
    number = {"type": kind, "minimum": low, "maximum": high}
    text = {"type": "string", "pattern": r"^[0-9]*\.?[0-9]+$"}
    return WithJsonSchema({"anyOf": [number, text, {"type": "null"}]})


def _choice(*words: str) -> Any:
    return WithJsonSchema({"anyOf": [{"type": "string", "enum": [*words]}, {"type": "null"}]})


Number = Annotated[str | None, BeforeValidator(as_text)]
Share = Annotated[Number, number_schema(0, 1, "number")]
Side = Annotated[Number, number_schema(1, SIDE_LIMIT)]
Ratio = Annotated[str | None, WithJsonSchema({"anyOf": [GIVEN_RATIO, {"type": "null"}]})]


class LiveBody(Body):
    """What a live URL may say; numbers may be numbers or text. Null is the same as nothing."""

    prompt: Annotated[str | None, Field(description="Required, or prompt64.")] = None
    prompt64: Annotated[str | None, Field(description="The prompt as base64url instead.")] = None
    aspect_ratio: Ratio = None
    ar: Ratio = None
    seed: Annotated[Number, number_schema(0, SEED_LIMIT)] = None
    model: str | None = None
    auto_enhance: bool | None = None
    template: Annotated[str | None, _choice(*TEMPLATES)] = None
    w: Side = None
    h: Side = None
    dpr: Annotated[Number, number_schema(1, DENSITY_LIMIT, "number")] = None
    fit: Annotated[str | None, _choice(*FITS)] = None
    q: Annotated[Number, number_schema(1, QUALITY_LIMIT)] = None
    fm: Annotated[str | None, _choice(*FORMATS)] = None
    focal_x: Annotated[Share, Field(alias="fp-x")] = None
    focal_y: Annotated[Share, Field(alias="fp-y")] = None
    wait: Annotated[Number, number_schema(0, LONGEST_WAIT)] = None


def parameters_in(body: LiveBody, problems: list[FieldError], *more: str) -> Parameters:
    """The live parameters as if they had stood in a URL, and ``more`` fields of the body beside
    them; ``problems`` were found before."""
    given = body.model_dump(by_alias=True, exclude_none=True)
    names = {*more, *(field.alias for field in LiveBody.model_fields.values())}
    decoded = {name: _written(value) for name, value in given.items() if name in names}
    return Parameters(decoded, tuple(problems))


def _written(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()
