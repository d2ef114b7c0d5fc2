"""Running servers for the tests of the live endpoint, and the people who may ask them."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import ascii_lowercase
from typing import Any
from urllib.parse import urlencode

import anyio
import httpx
import pytest
from sqlalchemy import insert

from core.models import KEY_SCOPES, LIVE_GENERATE, LIVE_READ, Scope
from core.records.records import Records, open_records
from core.records.rows import values_of
from core.records.tables import scopes
from core.signing import Signer
from tests.edge.linting import ensure_sound
from tests.edge.server.raw_http import talk
from tests.fleet.processes import API_KEY, ServerProcess, fleet
from tests.standins.replicate import ReplicateStandin

DAY = 86_400
KEY_LINE = f"X-API-Key: {API_KEY}".encode()
MASTER_KEY = "bnt_" + "3c" * 32
# What the policy of these servers refuses, and what it refuses in main/site alone.
DENIED, DENIED_HERE = "forbidden fruit", "unwelcome here"
# The first one signs; the other stands for the one before a rotation.
SIGNING_KEYS = (("new", b"\x17" * 32), ("old", b"\x2b" * 32))
OTHER_MODEL = "black-forest-labs/flux-dev"
DEFAULT_MODEL = "black-forest-labs/flux-schnell"


@dataclass(frozen=True, slots=True)
class Keys:
    """Secrets of keys with different fates. ``owner`` may do everything in main/site."""

    reader: str
    maker: str
    images_only: str
    one_model: str
    expired: str
    revoked: str
    stranger: str
    owner: str = API_KEY
    master: str = MASTER_KEY


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A server process, and a client that lets no unsound answer pass."""

    process: ServerProcess
    client: httpx.Client
    keys: Keys

    def ask(
        self, target: str, *, key: str | None = None, method: str = "GET", **headers: str
    ) -> httpx.Response:
        """One request; ``If_None_Match`` is sent as If-None-Match."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            fields["X-API-Key"] = key
        response = self.client.request(method, target, headers=fields)
        ensure_sound(response)
        return response

    def make(self, target: str) -> httpx.Response:
        """Have the owner see to it that the picture exists."""
        response = self.ask(target, key=API_KEY)
        assert response.status_code == 200, response.text
        return response

    def log(self) -> str:
        return self.process.log.read_text("utf-8")

    def events(self) -> list[dict[str, Any]]:
        """The lines of the log that are JSON."""
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    async def records(self, work: Any) -> Any:
        """What ``work(records)`` returns, with the records of the running server open."""
        async with open_records(None, self.process.data) as records:
            return await work(records)

    async def new_scope(self, **fields: Any) -> str:
        """The slug of a scope of main/site nobody else knows, open to everybody unless said
        otherwise."""
        slug = "".join(secrets.choice(ascii_lowercase) for _ in range(12))
        scope = Scope(slug, "", slug, **{"require_signature": "false"} | fields)

        async def insert_it(records: Records) -> None:
            site = await records.tenants.project("main", "site")
            await _insert(records, replace(scope, project_id=site.id))

        await self.records(insert_it)
        return slug


def exact(port: int, sent: bytes) -> httpx.Response:
    """The one answer to these very bytes; the connection ends with it."""
    (reply,) = talk(port, sent)
    assert reply.headers.pop("connection") == "close"
    answer = httpx.Response(
        reply.status,
        headers=reply.headers,
        content=reply.body,
        request=httpx.Request("GET", "http://localhost/"),
    )
    ensure_sound(answer)
    return answer


def program(prompt: str, **parameters: str) -> str:
    """What a program with a key asks for."""
    return "/api/v1/live?" + urlencode({"prompt": prompt, **parameters})


def page_path(scope: str = "page", project: str = "site") -> str:
    return f"/cdn/main/{project}/live/{scope}"


def page(prompt: str, scope: str = "page", project: str = "site", **parameters: str) -> str:
    """What a stranger's browser asks for."""
    return f"{page_path(scope, project)}?{urlencode({'prompt': prompt, **parameters})}"


def signed(
    prompt: str,
    scope: str = "page",
    project: str = "site",
    *,
    expires_in: int = 60 * DAY,
    keys: tuple[tuple[str, bytes], ...] = SIGNING_KEYS,
    path: str | None = None,
    **parameters: str,
) -> str:
    """What the owner of a page puts into it."""
    path = path or page_path(scope, project)
    given = {"prompt": prompt, **parameters}
    everything = Signer(keys).sign(path, given, int(time.time()) + expires_in)
    return f"{path}?{urlencode(everything)}"


@pytest.fixture
def prompt() -> str:
    """A picture nobody has asked for yet."""
    return f"a lighthouse {secrets.token_hex(6)}"


@pytest.fixture(scope="session")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose pictures are free."""
    with live_server(tmp_path_factory.mktemp("painter")) as server:
        yield server


@pytest.fixture(scope="session")
def paid(
    tmp_path_factory: pytest.TempPathFactory, replicate_process: ReplicateStandin
) -> Iterator[LiveServer]:
    """A server whose pictures cost money; the ``replicate_standin`` counts how often."""
    settings = paid_settings(replicate_process)
    with live_server(tmp_path_factory.mktemp("paid"), **settings) as server:
        yield server


def paid_settings(standin: ReplicateStandin) -> dict[str, str]:
    return {
        "REPLICATE_API_TOKEN": "a-token-for-the-stand-in",
        "REPLICATE_BASE_URL": standin.base_url,
        "EDGE_DAILY_BUDGET": "none",
        "LOG_LEVEL": "debug",
    }


@contextmanager
def live_server(folder: Path, **settings: str) -> Iterator[LiveServer]:
    """A furnished server, ready to serve; it ends with the block."""
    keys = anyio.run(_furnish, folder)
    signing = ",".join(f"{kid}:{secret.hex()}" for kid, secret in SIGNING_KEYS)
    settings = {
        "EDGE_SIGNING_KEYS": signing,
        "EDGE_BOOTSTRAP_MASTER_KEY": MASTER_KEY,
        "EDGE_RATE_LIMIT": "0",
        "EDGE__POLICY__DENY": DENIED,
        "EDGE__POLICY__PROJECTS": json.dumps({"main/site": [DENIED_HERE]}),
        **settings,
    }
    with (
        fleet(folder, 1, **settings) as (process,),
        httpx.Client(base_url=process.base_url, trust_env=False, timeout=60) as client,
    ):
        yield LiveServer(process, client, keys)


async def _furnish(folder: Path) -> Keys:
    """main/site as the first start makes it, a private project, scopes, and keys."""
    async with open_records(None, folder) as records:
        site = await records.tenants.ensure("main", "site", "page", public=True)
        hidden = await records.tenants.ensure("main", "hidden", "page", public=False)
        await _open_scopes(records, site.id)

        async def key(name: str, project=site, **rights: Any) -> str:
            return (await records.keys.create(name=name, project=project, **rights))[1]

        revoked = await key("revoked")
        named = {each.name: each.id for each in await records.keys.listed()}
        await records.keys.revoke(named["revoked"])
        return Keys(
            reader=await key("reader", scopes=(LIVE_READ,)),
            maker=await key("maker", scopes=(LIVE_GENERATE,)),
            images_only=await key("images_only", scopes=("images",)),
            one_model=await key("one_model", allowed_models=(OTHER_MODEL,)),
            expired=await key("expired", lifetime=timedelta(seconds=-1)),
            revoked=revoked,
            stranger=await key("stranger", hidden, scopes=KEY_SCOPES),
        )


async def _open_scopes(records: Records, project_id: str) -> None:
    # Wide enough for all tests together.
    plain = Scope("", project_id, "", new_generations_limit=10**6, per_address_limit=10**6)
    for scope in (
        replace(plain, slug="open", require_signature="false"),
        replace(plain, slug="sealed", require_signature="true"),
        replace(plain, slug="closed", allow_new_generations=False),
        replace(plain, slug="dev", require_signature="false", allowed_models=(OTHER_MODEL,)),
    ):
        await _insert(records, replace(scope, id=f"scope-{scope.slug}"))


async def _insert(records: Records, scope: Scope) -> None:
    now = datetime.now(UTC)
    row = values_of(scope) | {"created_at": now, "updated_at": now}
    async with records.database.writing() as connection:
        await connection.execute(insert(scopes).values(row))
