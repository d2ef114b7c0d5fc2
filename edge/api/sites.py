"""The origin by which a caller reaches this installation, for the addresses in its answers."""

import re

from starlette.requests import Request

from core.models import Project
from edge.api.shapes import Site
from edge.server.middleware import PEER_TRUSTED
from edge.state import State

# A host with or without a port: the only thing of the caller's that enters an address of ours.
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_SCHEMES = ("http", "https")


def site_of(request: Request[State], project: Project) -> Site:
    """EDGE_PUBLIC_URL, or else what the request itself was sent to.

    X-Forwarded-Proto counts from trusted proxies alone.
    """
    return Site(origin_of(request), project.path)


def origin_of(request: Request[State]) -> str:
    """The same without a project: ``https://host``, without a slash at the end."""
    return request.state["public_url"] or _asked_origin(request)


def _asked_origin(request: Request[State]) -> str:
    scheme = request.scope.get("scheme", "http")
    forwarded = request.headers.get("x-forwarded-proto", "").strip().lower()
    if request.scope["state"].get(PEER_TRUSTED) and forwarded in _SCHEMES:
        scheme = forwarded
    host = request.headers.get("host", "")
    return f"{scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"
