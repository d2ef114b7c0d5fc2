"""The whole application in this process, with all it opens, and a client that talks to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.types import Receive, Scope, Send

from config.loading import load
from edge.app import application

KEY = "bnt_" + "5f" * 32


@dataclass(slots=True)
class Served:
    """``client`` holds a project's key; ``state`` is what the lifespan opened."""

    client: httpx.AsyncClient
    state: dict[str, Any]


@asynccontextmanager
async def served(folder: Path, **environment: str) -> AsyncIterator[Served]:
    """The application over a data folder, with the painter unless the environment says more."""
    settings = load({"EDGE_DATA_DIR": str(folder), "EDGE_BOOTSTRAP_API_KEY": KEY, **environment})
    app = application(settings)
    async with app.router.lifespan_context(app) as opened:
        state = dict(opened or {})

        async def stated(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": state.copy()}, receive, send)

        transport = httpx.ASGITransport(app=stated)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://edge.test", headers={"X-API-Key": KEY}
        ) as client:
            yield Served(client, state)
