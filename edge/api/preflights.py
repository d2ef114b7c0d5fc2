"""Refuses CORS preflights: keys do not belong in the pages of other sites."""

from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import Forbidden

_ASKING = b"access-control-request-method"
# The live endpoint answers its own: pictures of public projects are for every site.
_LIVE = "/api/v1/live"


class NoPreflights:
    """403 to every preflight under /api/v1 but the live endpoint's (Fetch, 3.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Forbidden."""
        if scope["method"] == "OPTIONS" and scope["path"] != _LIVE and _is_preflight(scope):
            raise Forbidden("This address is for programs; pages of other sites cannot call it.")
        await self._app(scope, receive, send)


def _is_preflight(scope: Scope) -> bool:
    return any(name == _ASKING for name, _ in scope["headers"])
