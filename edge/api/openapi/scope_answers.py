"""What the API answers about scopes and use, as types."""

from typing import Annotated, Literal

from pydantic import Field

from edge.api.grammar import SLUG, Id, Meta, Moment
from edge.api.openapi.answers import Count, Generation, Money, Shown
from edge.api.openapi.envelopes import Done, Listed

Slug = Annotated[str, Field(pattern=SLUG)]
Dollars = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]


class Scope(Shown):
    """A named door of public pages, and what it may spend."""

    id: Id
    slug: Slug
    allow_new_generations: bool
    require_signature: Annotated[
        Literal["auto"] | bool, Field(description="auto: as soon as a picture costs money.")
    ]
    new_generations_limit: Annotated[Count, Field(description="Pictures in all.")]
    current_generations: Annotated[Count, Field(description="Counted against the limit so far.")]
    budget_amount: Annotated[Dollars | None, Field(description="Dollars per window.")]
    budget_window: Literal["hour", "day", "month"] | None
    allowed_origins: list[str]
    allowed_models: list[str] | None
    per_address_limit: Count
    meta: Meta
    last_generated_at: Moment | None
    created_at: Moment
    updated_at: Moment


class Regenerated(Shown):
    """The work that was begun; what comes of it stands at each generation."""

    scope: Slug
    generations: list[Generation]
    remaining: Annotated[Count, Field(description="Pictures left for the next call.")]
    next_cursor: Annotated[str | None, Field(description="Send it as `cursor` to go on.")]


class Budget(Money):
    """The installation's daily one."""

    remaining: Dollars


class Window(Shown):
    """One current window; `to` is the first moment after it."""

    window: Literal["hour", "day", "month"]
    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    generations: Count
    hits: Annotated[Count, Field(description="Stored pictures served.")]
    spend: Annotated[Money, Field(description="Reserved and spent.")]
    budget: Annotated[Budget | None, Field(description="Null where there is none.")]


class ScopeUse(Shown):
    """Null is what belongs to no scope: requests with keys, stored images, deleted scopes."""

    scope: Slug | None
    generations: Count
    hits: Count
    spend: Money


class ModelUse(Shown):
    """What one model made."""

    model: str
    generations: Count
    spend: Money


class Usage(Shown):
    """The current hour, day and month; scopes and models of the month, the dearest first."""

    windows: list[Window]
    by_scope: list[ScopeUse]
    by_model: list[ModelUse]


class ScopeAnswer(Done):
    data: Scope


class ScopeList(Listed):
    data: list[Scope]


class RegeneratedAnswer(Done):
    data: Regenerated


class UsageAnswer(Done):
    data: Usage
