"""Who calls the REST API: a project's key with the right scope, or an administrator's."""

import re
from dataclasses import dataclass

from starlette.requests import Request

from core.errors import Forbidden, NotFound, Unauthorized
from core.models import ApiKey, Project, Scope
from edge.query import parse_parameters
from edge.server.middleware import KEY_ID
from edge.state import State
from edge.visitors import presented_secret

_SLUG = re.compile("[a-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Caller:
    """A project's key that may do what was asked, and its project."""

    project: Project
    key: ApiKey


async def caller(request: Request[State], *enough: str) -> Caller:
    """The caller of a project's route; one of ``enough``, all of core.models.KEY_SCOPES, will do.

    Raises KeyInUrl, Invalid (several keys), Unauthorized, Forbidden (a master key, or a key
    without any of these scopes).
    """
    key = await _key(request)
    if key.project is None or key.scopes.isdisjoint(enough):
        raise Forbidden
    return Caller(key.project, key)


async def administrator(request: Request[State]) -> ApiKey:
    """The master key of an administrator's route. Raises as caller."""
    key = await _key(request)
    if key.type != "master":
        raise Forbidden
    return key


async def page_scope(request: Request[State], project: Project, slug: str) -> Scope:
    """A scope of the project's public pages. Raises NotFound (SCOPE_NOT_FOUND)."""
    scope = None
    if _SLUG.fullmatch(slug):
        scope = await request.state["credentials"].scope(project.id, slug)
    if scope is None:
        raise NotFound("SCOPE")
    return scope


async def _key(request: Request[State]) -> ApiKey:
    # Its other complaints wait until the route knows which parameters it takes.
    parse_parameters(request.scope["query_string"])
    secret = presented_secret(request.headers)
    if secret is None:
        raise Unauthorized
    key = await request.state["credentials"].key(secret)
    request.scope["state"][KEY_ID] = key.id
    return key
