"""The REST API as one application over real records and a real cache; only the store is a dict."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import structlog
from PIL import Image as Pixels
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from core.credentials import Credentials
from core.idempotency import Idempotency
from core.imaging import Limits
from core.keys import Keys
from core.library.aliases import Aliases
from core.library.flows import Flows
from core.library.images import Images
from core.library.uploads import Uploads
from core.models import KEY_SCOPES, Project
from core.records.records import Records
from core.scopes.service import Scopes
from core.signing import Signer
from core.spending.admission import Unlimited
from core.spending.tally import Tally
from core.spending.usage import Usage
from core.storage.uses import Uses
from edge.answers.errors import ErrorAnswers
from edge.api.img import stored_image
from edge.api.preflights import NoPreflights
from edge.api.routes import api_routes
from edge.hot import HotMemo, HotMiddleware
from edge.server.client_address import TrustedProxies
from edge.server.middleware import RequestMiddleware
from tests.cache.parts import cache_of
from tests.core.fakes import DictStore

ORIGIN = "http://edge.test"
NOBODYS = "01990000-0000-7000-8000-000000000000"
MAX_BYTES = 5_000_000


@dataclass
class Party:
    """Somebody with a key, and the requests they send."""

    client: httpx.AsyncClient
    secret: str
    project: Project | None

    @property
    def path(self) -> str:
        assert self.project is not None
        return self.project.path

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """``headers`` are added to the key's."""
        headers = {"x-api-key": self.secret, **more.pop("headers", {})}
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **more)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.ask("GET", path, **more)

    async def data(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """The data of an answer that went well."""
        answer = await self.ask(method, path, **more)
        assert answer.status_code == status, answer.text
        return answer.json()["data"]

    async def error(self, method: str, path: str, status: int, **more: Any) -> Any:
        """The error of an answer that did not."""
        answer = await self.ask(method, path, **more)
        assert answer.status_code == status, answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.json()["success"] is False
        return answer.json()["error"]

    async def upload(self, body: bytes | None = None, **fields: str) -> Any:
        """The new image."""
        file = {"file": ("any.bin", png() if body is None else body)}
        return await self.data("POST", "/images/upload", 201, files=file, data=fields)


@dataclass(frozen=True)
class Neighbours:
    """Keys that many tests share: of another public project, of a private one, and a master's."""

    bob: str
    mia: str
    root: str


async def neighbours(records: Records) -> Neighbours:
    secrets = []
    for slug, public in (("other", True), ("hidden", False)):
        project = await records.tenants.ensure("neighbours", slug, "page", public=public)
        secrets.append((await records.keys.create(name="any", project=project))[1])
    _, root = await records.keys.create(name="root", project=None)
    return Neighbours(*secrets, root)


@dataclass
class LibraryApp:
    """``ann`` holds a key of a public project of this test's own, ``main-…/site``."""

    records: Records
    client: httpx.AsyncClient
    store: DictStore
    ann: Party
    bob: Party
    mia: Party
    root: Party

    @asynccontextmanager
    async def elsewhere(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client of another process: the same records and store, nothing in memory."""
        credentials = Credentials(self.records.tenants, seconds=0)
        async with _client(services(self.records, self.store, credentials)) as client:
            yield client
        await credentials.settle()

    async def party(self, *, scopes: tuple[str, ...] = KEY_SCOPES) -> Party:
        """Another key of Ann's project."""
        project = self.ann.project
        _, secret = await self.records.keys.create(name="any", project=project, scopes=scopes)
        return Party(self.client, secret, project)


@asynccontextmanager
async def library_app(records: Records, known: Neighbours) -> AsyncIterator[LibraryApp]:
    """The application over these records, with a project and a store of its own."""
    store = DictStore()
    credentials = Credentials(records.tenants, seconds=0)
    project = await records.tenants.ensure(f"main-{uuid4().hex}", "site", "page", public=True)
    _, secret = await records.keys.create(name="any", project=project)
    async with _client(services(records, store, credentials)) as client:
        yield LibraryApp(
            records,
            client,
            store,
            ann=Party(client, secret, project),
            bob=Party(client, known.bob, None),
            mia=Party(client, known.mia, None),
            root=Party(client, known.root, None),
        )
    await credentials.settle()


def services(records: Records, store: DictStore, credentials: Credentials) -> dict[str, Any]:
    cache = cache_of(store=store)
    aliases = Aliases(records.images, records.flows)
    limits = Limits(max_bytes=MAX_BYTES)
    tally, models = Tally(records.usage), ("owner/fast", "owner/fine")
    return {
        "credentials": credentials,
        "signer": Signer([("k1", b"0123456789abcdef")]),
        "hot": HotMemo(cache, cache),
        "share_keyed": False,
        "public_url": None,
        "admission": Unlimited(),
        "aliases": aliases,
        "images": Images(records.images, aliases, cache),
        "uploads": Uploads(records.images, records.flows, cache, limits),
        "flows": Flows(records.flows, records.library, records.images),
        "keys": Keys(records.keys, records.tenants, models=models),
        "scopes": Scopes(records.scopes, models),
        "tally": tally,
        "uses": Uses(records.shelf),
        "usage": Usage(records.usage, tally, records.ledger, 10_000_000),
        "idempotency": Idempotency(records.idempotency),
    }


def png(color: str = "red", size: tuple[int, int] = (8, 6), kind: str = "PNG") -> bytes:
    buffer = BytesIO()
    Pixels.new("RGB", size, color).save(buffer, kind)
    return buffer.getvalue()


def _client(state: dict[str, Any]) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(_with_state(_application(), state))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN)


def _application() -> Starlette:
    answers = ErrorAnswers(lambda ratio, code: b"card", structlog.get_logger("errors"))
    api = Router(api_routes(), redirect_slashes=False, middleware=[Middleware(NoPreflights)])
    reading = ["GET", "HEAD", "OPTIONS"]
    return Starlette(
        routes=[
            Mount("/api/v1", app=api),
            Route("/cdn/{organization}/{project}/img/{reference}", stored_image, methods=reading),
        ],
        middleware=[
            Middleware(
                RequestMiddleware,
                answers=answers,
                log=structlog.get_logger("requests"),
                record=lambda fields: None,
                proxies=TrustedProxies(("10.0.0.1/32",)),
                observe=lambda *seen: None,
            ),
            Middleware(HotMiddleware),
        ],
        exception_handlers=dict(answers.handlers()),
    )


def _with_state(app: ASGIApp, state: dict[str, Any]) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return call
