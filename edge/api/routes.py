"""The whole REST API on one screen: every address under /api/v1, and what each method does."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from edge.api import flows, generations, images, keys, scopes, uploads, usage
from edge.api.events import events
from edge.api.explain import explain, explain_body
from edge.api.purge import purge
from edge.api.rates import rated, told_when_refused
from edge.api.sign import sign
from edge.api.warm import warm
from edge.live import keyed_live
from edge.state import State

Handler = Callable[[Request[State]], Awaitable[ASGIApp]]

_READING = ["GET", "HEAD", "OPTIONS"]
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


def api_addresses() -> list[tuple[str, Mapping[str, Handler]]]:
    """Every address below /api/v1 that takes a key, and what each method does there."""
    return [
        ("/generations", {"GET": generations.show_all, "POST": generations.create}),
        (
            "/generations/{id}",
            {"GET": generations.show, "PUT": generations.edit, "DELETE": generations.delete},
        ),
        ("/generations/{id}/retry", {"POST": generations.retry}),
        ("/generations/{id}/regenerate", {"POST": generations.regenerate}),
        ("/generations/{id}/cancel", {"POST": generations.cancel}),
        ("/generations/{id}/events", {"GET": events}),
        ("/flows", {"GET": flows.show_all, "POST": flows.create}),
        ("/flows/{id}", {"GET": flows.show, "DELETE": flows.delete}),
        ("/flows/{id}/generations", {"GET": flows.generations}),
        ("/flows/{id}/images", {"GET": flows.images}),
        ("/flows/{id}/aliases", {"PUT": flows.merge_aliases}),
        ("/flows/{id}/aliases/{alias}", {"DELETE": flows.remove_alias}),
        ("/images", {"GET": images.show_all}),
        ("/images/upload", {"POST": uploads.upload}),
        ("/images/resolve/{alias}", {"GET": images.resolve}),
        ("/images/{id}", {"GET": images.show, "PUT": images.edit, "DELETE": images.delete}),
        ("/images/{id}/alias", {"PUT": images.assign_alias}),
        ("/live/scopes", {"GET": scopes.show_all, "POST": scopes.create}),
        (
            "/live/scopes/{slug}",
            {"GET": scopes.show, "PUT": scopes.edit, "DELETE": scopes.delete},
        ),
        ("/live/scopes/{slug}/regenerate", {"POST": scopes.regenerate}),
        ("/live/sign", {"POST": sign}),
        ("/live/explain", {"GET": explain, "POST": explain_body}),
        ("/live/warm", {"POST": warm}),
        ("/usage", {"GET": usage.show}),
        ("/purge", {"POST": purge}),
        ("/admin/keys", {"GET": keys.show_all, "POST": keys.create}),
        ("/admin/keys/{id}", {"DELETE": keys.delete}),
        ("/admin/keys/{id}/revoke", {"POST": keys.revoke}),
        ("/admin/keys/{id}/rotate", {"POST": keys.rotate}),
    ]


def api_routes() -> list[BaseRoute]:
    """For the Router mounted at /api/v1."""
    return [
        Route("/live", told_when_refused(keyed_live), methods=_READING),
        *(_at(path, handlers) for path, handlers in api_addresses()),
    ]


def _at(path: str, handlers: Mapping[str, Handler]) -> Route:
    """One address; a method without a handler is answered 405 with all that have one, also where
    a longer list of addresses would go on to one that takes anything (/images/{id})."""
    allowed = ", ".join([*handlers, *(["HEAD"] if "GET" in handlers else [])])

    async def handle(request: Request[State]) -> ASGIApp:
        method = "GET" if request.method == "HEAD" else request.method
        if method not in handlers:
            raise HTTPException(405, headers={"Allow": allowed})
        return await handlers[method](request)

    return Route(path, rated(handle), methods=_METHODS)
