"""/api/v1/flows: chains of generations and images, with aliases of their own."""

from typing import Annotated

from pydantic import Field, WithJsonSchema
from starlette.requests import Request

from core.library.aliases import checked_alias
from edge.answers.answer import Answer
from edge.api.access import caller
from edge.api.bodies import Body, Meta, body_of, canonical
from edge.api.envelope import done, listed
from edge.api.fields import ON_CONFLICT, Alias, moves, path_id
from edge.api.grammar import GIVEN_ALIASES
from edge.api.idempotent import once
from edge.api.shapes import flow_json, generations_json, image_json
from edge.api.sites import site_of
from edge.api.windows import parameters_of, window_of
from edge.state import State

SCOPE = "flows"


class FlowDraft(Body):
    meta: Meta = Field(default_factory=dict)


class AliasMap(Body):
    """Aliases and the ids of their images; the flow's other aliases stay."""

    aliases: Annotated[dict[Alias, str], WithJsonSchema(GIVEN_ALIASES)]


async def create(request: Request[State]) -> Answer:
    """POST /flows."""
    who = await caller(request, SCOPE)
    parameters_of(request)
    draft = await body_of(request, FlowDraft)

    async def work() -> Answer:
        flow = await request.state["flows"].create(who.project.id, draft.meta)
        return done(flow_json(flow), 201)

    return await once(request, who, canonical(draft), work)


async def show_all(request: Request[State]) -> Answer:
    """GET /flows."""
    who = await caller(request, SCOPE)
    window, _ = window_of(request)
    listing = await request.state["flows"].listed(who.project.id, window)
    return listed(listing, [flow_json(flow) for flow in listing.rows], window)


async def show(request: Request[State]) -> Answer:
    """GET /flows/{id}."""
    who = await caller(request, SCOPE)
    parameters_of(request)
    flow = await request.state["flows"].find(who.project.id, path_id(request))
    return done(flow_json(flow))


async def generations(request: Request[State]) -> Answer:
    """GET /flows/{id}/generations."""
    who = await caller(request, SCOPE)
    window, _ = window_of(request)
    listing = await request.state["flows"].generations(who.project.id, path_id(request), window)
    pictures = await request.state["images"].of_generations(who.project.id, listing.rows)
    rows = generations_json(listing.rows, pictures, site_of(request, who.project))
    return listed(listing, rows, window)


async def images(request: Request[State]) -> Answer:
    """GET /flows/{id}/images: generated and uploaded ones."""
    who = await caller(request, SCOPE)
    window, _ = window_of(request)
    flow_id = path_id(request)
    listing = await request.state["flows"].images(who.project.id, flow_id, window)
    site = site_of(request, who.project)
    return listed(listing, [image_json(image, site) for image in listing.rows], window)


async def merge_aliases(request: Request[State]) -> Answer:
    """PUT /flows/{id}/aliases."""
    who = await caller(request, SCOPE)
    given = parameters_of(request, choices=ON_CONFLICT)
    wish = await body_of(request, AliasMap)
    flow = await request.state["flows"].merge_aliases(
        who.project.id, path_id(request), wish.aliases, move=moves(given)
    )
    return done(flow_json(flow))


async def remove_alias(request: Request[State]) -> Answer:
    """DELETE /flows/{id}/aliases/{alias}: answers the flow with the aliases it still has."""
    who = await caller(request, SCOPE)
    parameters_of(request)
    alias = checked_alias(request.path_params["alias"])
    flow = await request.state["flows"].remove_alias(who.project.id, path_id(request), alias)
    return done(flow_json(flow))


async def delete(request: Request[State]) -> Answer:
    """DELETE /flows/{id}: for good; its generations and images remain."""
    who = await caller(request, SCOPE)
    parameters_of(request)
    flow_id = path_id(request)
    await request.state["flows"].delete(who.project.id, flow_id)
    return done({"id": flow_id})
