"""GET, POST /api/v1/live/explain: what a live request would get, and why; changes nothing."""

import time
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field
from starlette.requests import Request

from core.errors import EdgeError, NotFound
from core.explain import Explanation
from core.models import LIVE_GENERATE, LIVE_READ, Scope
from core.signing import SIGNATURE_PARAMETERS
from core.spending.visitor import Visitor
from core.variants import Master, Variant, planned
from core.warming.sizes import facts_of
from edge.answers.answer import Answer
from edge.api.access import Caller, caller, page_scope
from edge.api.bodies import sound_part_of
from edge.api.envelope import done
from edge.api.live_bodies import LiveBody, Number, parameters_in
from edge.api.shapes import Json, money
from edge.api.windows import parameters_of
from edge.circumstances import circumstances_of
from edge.live_query import LiveQuery, live_query
from edge.live_urls import live_path
from edge.query import Parameters, parse_parameters
from edge.state import State

_KEYED_PATH = "/api/v1/live"
_SCOPE = "scope"


class ExplainBody(LiveBody):
    """A live request. With a scope: as a stranger would send it to that page."""

    scope: Annotated[str | None, Field(description="Of a public page.")] = None
    kid: str | None = None
    exp: Number = None
    sig: str | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """By which address somebody comes, and what they would be refused with there."""

    visitor: Visitor
    refusal: EdgeError | None


async def explain(request: Request[State]) -> Answer:
    """GET /live/explain."""
    who = await caller(request, LIVE_READ, LIVE_GENERATE)
    parameters = parse_parameters(request.scope["query_string"])
    slug = parameters.decoded.get(_SCOPE)
    rest = {name: value for name, value in parameters.decoded.items() if name != _SCOPE}
    return await _explained(request, who, replace(parameters, decoded=rest), slug)


async def explain_body(request: Request[State]) -> Answer:
    """POST /live/explain: the same as JSON."""
    who = await caller(request, LIVE_READ, LIVE_GENERATE)
    parameters_of(request)
    body, problems = await sound_part_of(request, ExplainBody)
    parameters = parameters_in(body, problems, *SIGNATURE_PARAMETERS)
    return await _explained(request, who, parameters, body.scope)


async def _explained(
    request: Request[State], who: Caller, parameters: Parameters, slug: str | None
) -> Answer:
    query = live_query(parameters, request.state["longest_wait"])
    scope = None if slug is None else await page_scope(request, who.project, slug)
    door = _door(request, who, parameters, scope)
    told = await request.state["explainer"].explain(door.visitor, query.request, door.refusal)
    return done(_json(told, query, exact=door.visitor.proven))


def _door(
    request: Request[State], who: Caller, parameters: Parameters, scope: Scope | None
) -> Door:
    """The key's own, or the page's, where nobody knows the key; what a signature is worth."""
    path, visitor = _KEYED_PATH, Visitor(project=who.project, key=who.key)
    if scope is not None:
        path = live_path(who.project.organization, who.project.slug, scope.slug)
        seen = circumstances_of(request.scope)
        visitor = Visitor(project=who.project, scope=scope, circumstances=seen)
    if parameters.signed:
        try:
            ends = request.state["signer"].verify(path, parameters.decoded, now=time.time())
        except EdgeError as refusal:
            return Door(visitor, refusal)
        visitor = replace(visitor, expires_at=ends)
    if not (visitor.proven or who.project.public):
        return Door(visitor, NotFound("PROJECT"))
    return Door(visitor, None)


def _json(told: Explanation, query: LiveQuery, *, exact: bool) -> Json:
    ask, asked = told.ask, told.ask.request
    return {
        "canonical": {
            "prompt": asked.prompt,
            "aspectRatio": asked.ratio,
            "seed": asked.seed,
            "model": ask.model.name,
            "modelVersion": ask.model.version,
            "autoEnhance": asked.auto_enhance,
            "template": asked.template,
            "project": ask.visitor.project.path,
            "derivative": _derivative(told, query, exact=exact),
        },
        "key": ask.key.slot,
        "identity": ask.key.identity,
        "tier": told.tier,
        "would": told.would,
        "because": told.because,
        "cost": money(told.cost_micros),
    }


def _derivative(told: Explanation, query: LiveQuery, *, exact: bool) -> Json | None:
    """The size and format that would be answered; null is the master itself.

    What is not made yet is planned by the model's size; in which format it will be stored nobody
    knows before.
    """
    wish, ask = query.wish, told.ask
    if wish.plain:
        return None
    master = Master(*ask.model.sizes[ask.request.ratio], format="png")
    if told.picture is not None:
        master = facts_of(told.picture)
    variant = planned(wish, master, exact=exact)
    return None if variant is None else _variant(variant, told, query)


def _variant(variant: Variant, told: Explanation, query: LiveQuery) -> Json:
    named = query.wish.format
    known = told.picture is not None or named is not None
    return {
        "width": variant.layout.width,
        "height": variant.layout.height,
        "fit": query.wish.fit,
        "format": "auto" if named == "auto" else variant.format if known else None,
        "quality": variant.quality if known and named != "auto" else query.wish.quality,
        "focalPoint": _focal(query),
    }


def _focal(query: LiveQuery) -> Json | None:
    focal = query.wish.focal
    return None if focal is None else {"x": focal[0], "y": focal[1]}
