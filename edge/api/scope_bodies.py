"""What callers send about scopes, field by field, and the same in core's words."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from core.errors import FieldError, Invalid
from core.keys import checked_slug
from core.models import RequireSignature
from core.scopes.origins import canonical_origin
from core.scopes.service import Scopes, half_budget
from core.spending.money import micros_of
from edge.api.bodies import Body, Meta, checked, checked_after
from edge.api.grammar import GIVEN_SLUG

MOST = 1_000_000_000
_READ_ONLY = ("id", "currentGenerations", "lastGeneratedAt", "createdAt", "updatedAt")
_SIGNATURE: dict[Any, RequireSignature] = {"auto": "auto", True: "true", False: "false"}
_AMOUNT = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,6})?$"},
        {"type": "number", "minimum": 0, "maximum": MOST},
    ],
    "examples": ["1.00"],
}


def _signature(value: Any) -> RequireSignature:
    # By type first: 1 is True to a dictionary.
    if isinstance(value, bool | str) and value in _SIGNATURE:
        return _SIGNATURE[value]
    message = 'Use true, false or "auto": signed as soon as a picture costs money.'
    raise Invalid(fields=[FieldError("requireSignature", "VALUE_INVALID", message)])


def _micros(value: Any) -> int:
    try:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return micros_of(value)
    except ValueError:
        pass
    message = 'Use an amount in dollars like "1.00": at most six decimals, up to 1000000000.'
    raise Invalid(fields=[FieldError("budgetAmount", "AMOUNT_INVALID", message)])


def _origins(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(canonical_origin(one) for one in given))


def _each_once(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(given))


Slug = Annotated[str, checked(partial(checked_slug, name="slug")), WithJsonSchema(GIVEN_SLUG)]
Limit = Annotated[int, Field(ge=0, le=MOST)]
Origins = Annotated[tuple[str, ...], Field(max_length=100), checked_after(_origins)]
Models = Annotated[tuple[str, ...], Field(max_length=100), checked_after(_each_once)]


class ScopeChanges(Body):
    """What is absent stays as it is."""

    slug: Slug = ""
    allow_new_generations: bool = True
    require_signature: Annotated[
        str, checked(_signature), WithJsonSchema({"enum": ["auto", True, False]})
    ] = "auto"
    new_generations_limit: Annotated[Limit, Field(description="Pictures in all.")] = 30
    budget_amount: Annotated[int, checked(_micros), WithJsonSchema(_AMOUNT)] | None = None
    budget_window: Literal["hour", "day", "month"] | None = None
    allowed_origins: Annotated[Origins, Field(description="Of pages; none means any.")] = ()
    allowed_models: Annotated[Models | None, Field(description="Null: every model.")] = None
    per_address_limit: Annotated[
        Limit | None, Field(description="Unsigned pictures per hour; null: 10 paid, 600 free ones.")
    ] = None
    meta: Meta | None = None

    def given(self) -> dict[str, Any]:
        """The fields that were sent, by their names in Scope, without the slug."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"slug"}}
        if "budget_amount" in given:
            given["budget_micros"] = given.pop("budget_amount")
        if "meta" in given:
            given["meta"] = given["meta"] or {}
        return given


class ScopeDraft(ScopeChanges):
    """The body of POST /live/scopes: only the slug has no default."""

    model_config = ConfigDict(json_schema_extra={"required": ["slug"]})


def ensure_sound(body: ScopeChanges, problems: list[FieldError], scopes: Scopes) -> None:
    """Raises Invalid with every bad field: ``problems``, and those that only show together."""
    problems = [_explained(problem) for problem in problems]
    named = {problem.name for problem in problems}
    given = body.given()
    if isinstance(body, ScopeDraft) and not body.gave("slug") and "slug" not in named:
        problems.append(FieldError("slug", "FIELD_MISSING", "This field is required."))
    if "allowedModels" not in named:
        problems += scopes.strange(given.get("allowed_models") or ())
    whole = isinstance(body, ScopeDraft) or {"budget_micros", "budget_window"} <= given.keys()
    if whole and named.isdisjoint({"budgetAmount", "budgetWindow"}):
        problems += half_budget(given)
    if problems:
        raise Invalid(fields=problems)


def _explained(problem: FieldError) -> FieldError:
    if problem.name not in _READ_ONLY:
        return problem
    message = f"This is read-only and kept by the server; leave out {', '.join(_READ_ONLY)}."
    return replace(problem, message=message, suggestion=None)
