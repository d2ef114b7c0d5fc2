"""POST /api/v1/live/warm: the pictures of a page, made before its first visitor comes."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema
from starlette.requests import Request

from core.errors import FieldError, Invalid
from core.models import LIVE_GENERATE
from core.spending.money import MOST_MICROS, micros_of
from core.variants import Format
from core.warming.page_urls import urls_of_html, urls_of_sitemap
from core.warming.steps import Goal, Step
from edge.answers.answer import Answer
from edge.api.access import caller
from edge.api.bodies import Body, canonical, checked, sound_part_of
from edge.api.envelope import done
from edge.api.idempotent import once
from edge.api.shapes import Json, money
from edge.api.warm_urls import More, goals_of
from edge.api.windows import parameters_of
from edge.state import State
from edge.wish_query import SIDE_LIMIT

_SOURCES = ("urls", "html", "sitemap")
_AMOUNT = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,6})?$"},
        {"type": "number", "minimum": 0, "maximum": MOST_MICROS // 10**6},
    ]
}


def _micros(value: Any) -> int:
    try:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return micros_of(value)
    except ValueError:
        pass
    message = 'Use an amount in dollars like "1.00", with at most six decimals.'
    raise Invalid(fields=[FieldError("budget", "AMOUNT_INVALID", message)])


class WarmBody(Body):
    """One source of URLs, the sizes and formats wanted beside theirs, and what it may cost."""

    urls: Annotated[tuple[str, ...] | None, Field(description="Live URLs of this project.")] = None
    html: Annotated[str | None, Field(description="A page; its pictures are looked for.")] = None
    sitemap: Annotated[str | None, Field(description="A sitemap's XML.")] = None
    sizes: Annotated[
        tuple[Annotated[int, Field(ge=1, le=SIDE_LIMIT)], ...],
        Field(max_length=20, description="Widths every picture shall have as well."),
    ] = ()
    formats: Annotated[
        tuple[Format, ...],
        Field(max_length=5, description="Formats every picture shall have as well."),
    ] = ()
    dry_run: Annotated[bool, Field(description="Only say what it would cost.")] = False
    budget: Annotated[
        Annotated[int, checked(_micros), WithJsonSchema(_AMOUNT)] | None,
        Field(description="Nothing is begun that would bring the costs above it."),
    ] = None


async def warm(request: Request[State]) -> Answer:
    """POST /live/warm."""
    who = await caller(request, LIVE_GENERATE)
    parameters_of(request)
    body, problems = await sound_part_of(request, WarmBody)
    urls = _urls(body, problems)

    async def work() -> Answer:
        more = More(tuple(dict.fromkeys(body.sizes)), tuple(dict.fromkeys(body.formats)))
        return await _warmed(request, body, await goals_of(request, who, urls, more))

    return await once(request, who, canonical(body), work)


async def _warmed(request: Request[State], body: WarmBody, found: Sequence[Goal | Step]) -> Answer:
    goals = [one for one in found if isinstance(one, Goal)]
    warming = request.state["warming"]
    carry_out = warming.plan if body.dry_run else warming.warm
    told = iter(await carry_out(goals, body.budget))
    steps = [next(told) if isinstance(one, Goal) else one for one in found]
    return done(
        {
            "dryRun": body.dry_run,
            "items": [_item(step) for step in steps],
            "total": {
                "items": len(steps),
                "states": dict(Counter(step.state for step in steps)),
                "cost": money(sum(step.cost_micros for step in steps)),
            },
        }
    )


def _urls(body: WarmBody, problems: list[FieldError]) -> Sequence[str]:
    """Raises Invalid with every bad field."""
    given = [name for name in _SOURCES if getattr(body, name) is not None]
    named = {problem.name.partition(".")[0] for problem in problems}
    if not given and named.isdisjoint(_SOURCES):
        problems.append(FieldError("urls", "FIELD_MISSING", "Give urls, html or sitemap."))
    for name in given[1:]:
        message = "Give one of urls, html and sitemap."
        problems.append(FieldError(name, "SOURCE_GIVEN_TWICE", message))
    found: Sequence[str] = ()
    try:
        if body.sitemap is not None:
            found = urls_of_sitemap(body.sitemap)
        elif body.html is not None:
            found = urls_of_html(body.html)
        else:
            found = body.urls or ()
    except Invalid as refusal:
        problems.extend(refusal.fields)
    if problems:
        raise Invalid(fields=problems)
    return found


def _item(step: Step) -> Json:
    return {
        "url": step.url,
        "state": step.state,
        "cost": money(step.cost_micros),
        "code": step.code,
    }
