"""/api/v1/images: the image library."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field
from starlette.requests import Request

from core.ids import asked_id
from core.library.aliases import checked_alias, is_alias
from edge.answers.answer import Answer
from edge.api.access import caller
from edge.api.bodies import Body, Meta, body_of
from edge.api.envelope import done, listed
from edge.api.fields import ON_CONFLICT, Alias, moves, path_id, reference
from edge.api.shapes import image_json
from edge.api.sites import site_of
from edge.api.windows import FLAG, flag, parameters_of, window_of
from edge.state import State

SCOPE = "images"
_SOURCES = ("generated", "uploaded")
_MIDDLE = 0.5

Share = Annotated[float, Field(ge=0, le=1)]


class FocalPoint(Body):
    """The spot that should stay in view, in shares of width and height from the top left."""

    x: Share
    y: Share


class ImageChanges(Body):
    """What is absent stays as it is; null takes it away."""

    alias: Alias | None = None
    focal_point: FocalPoint | None = None
    meta: Meta | None = None


class AliasAssignment(Body):
    alias: Alias | None


async def show_all(request: Request[State]) -> Answer:
    """GET /images."""
    who = await caller(request, SCOPE)
    choices = {"source": _SOURCES, "includeDeleted": FLAG}
    window, given = window_of(request, "flowId", "alias", choices=choices)
    if "alias" in given:
        checked_alias(given["alias"])
    listing = await request.state["images"].listed(
        who.project.id,
        window,
        source=given.get("source"),
        flow_id=_flow_id(given),
        alias=given.get("alias"),
        include_deleted=flag(given, "includeDeleted"),
    )
    site = site_of(request, who.project)
    return listed(listing, [image_json(image, site) for image in listing.rows], window)


async def resolve(request: Request[State]) -> Answer:
    """GET /images/resolve/{alias}: technical, then the flow's, then the project's."""
    who = await caller(request, SCOPE)
    flow_id = _flow_id(parameters_of(request, "flowId"))
    found = await request.state["aliases"].resolve(
        who.project.id, request.path_params["alias"], flow_id
    )
    return done(
        {
            "alias": found.alias,
            "scope": found.scope,
            "flowId": found.flow_id,
            "imageId": found.image.id,
            "image": image_json(found.image, site_of(request, who.project)),
        }
    )


async def show(request: Request[State]) -> Answer:
    """GET /images/{id}, also by @alias."""
    who = await caller(request, SCOPE)
    wanted = reference(request.path_params["id"])
    given = parameters_of(request, *(("flowId",) if is_alias(wanted) else ()))
    image = await request.state["images"].find(who.project.id, wanted, _flow_id(given))
    return done(image_json(image, site_of(request, who.project)))


async def edit(request: Request[State]) -> Answer:
    """PUT /images/{id}: alias, focalPoint, meta."""
    who = await caller(request, SCOPE)
    given = parameters_of(request, choices=ON_CONFLICT)
    changes = await body_of(request, ImageChanges)
    images, image_id = request.state["images"], path_id(request)
    # First what can be refused: a conflict leaves everything as it was.
    if changes.gave("alias"):
        await images.assign_alias(who.project.id, image_id, changes.alias, move=moves(given))
    image = await images.edit(
        who.project.id,
        image_id,
        focal=_focal(changes),
        meta=(changes.meta or {}) if changes.gave("meta") else None,
    )
    return done(image_json(image, site_of(request, who.project)))


async def assign_alias(request: Request[State]) -> Answer:
    """PUT /images/{id}/alias."""
    who = await caller(request, SCOPE)
    given = parameters_of(request, choices=ON_CONFLICT)
    wish = await body_of(request, AliasAssignment)
    image = await request.state["images"].assign_alias(
        who.project.id, path_id(request), wish.alias, move=moves(given)
    )
    return done(image_json(image, site_of(request, who.project)))


async def delete(request: Request[State]) -> Answer:
    """DELETE /images/{id}: soft; with hard=true the bytes go, too."""
    who = await caller(request, SCOPE)
    given = parameters_of(request, choices={"hard": FLAG})
    images, image_id = request.state["images"], path_id(request)
    remove = images.erase if flag(given, "hard") else images.delete
    await remove(who.project.id, image_id)
    return done({"id": image_id})


def _flow_id(given: Mapping[str, str]) -> str | None:
    return asked_id(given["flowId"]) if "flowId" in given else None


def _focal(changes: ImageChanges) -> tuple[float, float] | None:
    if not changes.gave("focal_point"):
        return None
    point = changes.focal_point
    return (_MIDDLE, _MIDDLE) if point is None else (point.x, point.y)
