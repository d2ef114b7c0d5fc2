"""The real application with two furnished projects, and a key for everything that can be wrong."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from core.models import KEY_SCOPES, LIVE_GENERATE, LIVE_READ
from core.records.records import open_records
from tests.edge.api.library_app import png
from tests.edge.api.serving import KEY, served

MASTER = "bnt_" + "3c" * 32
LIVE = "/live"
# Addresses that want a prompt in their query.
PROMPTED = (LIVE, "/live/explain")
# What makes a request valid, so that nothing but the credential or the id is wrong with it.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/generations"): {"prompt": "the matrix"},
    ("PUT", "/generations/{id}"): {"meta": {}},
    ("PUT", "/flows/{id}/aliases"): {"aliases": {}},
    ("PUT", "/images/{id}"): {"meta": {}},
    ("PUT", "/images/{id}/alias"): {"alias": "@taken"},
    ("POST", "/live/sign"): {"prompt": "the matrix"},
    ("POST", "/live/explain"): {"prompt": "the matrix"},
    ("POST", "/live/warm"): {"urls": ["/api/v1/live?prompt=the+matrix"]},
    ("POST", "/purge"): {"tag": "k-0123456789abcdef"},
    ("POST", "/admin/keys"): {"type": "master", "name": "never made"},
}


@dataclass(frozen=True)
class Home:
    """A project's key, and the ids of one thing of each kind that it has."""

    secret: str
    ids: dict[str, str]


@dataclass(frozen=True)
class Matrix:
    """``secrets`` are keys by what is wrong with them; ``narrow`` lack one scope each."""

    client: httpx.AsyncClient
    ours: Home
    theirs: Home
    secrets: dict[str, str]
    narrow: dict[str, str]

    async def ask(
        self,
        method: str,
        path: str,
        secret: str | None,
        things: dict[str, str],
        params: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request to an address of the table, about one of ``things``."""
        word = path.split("/")[1]
        target = path.replace("{id}", things.get(word, "")).replace("{alias}", "@hero")
        target = target.replace("{slug}", things["scopes"])
        headers = {} if secret is None else {"X-API-Key": secret}
        return await self.client.request(
            method,
            f"/api/v1{target}",
            headers=headers,
            params={"prompt": "the matrix"} if path in PROMPTED else params,
            json=BODIES.get((method, path)),
        )

    async def inventory(self) -> list[bytes]:
        """All that refused requests might have changed."""
        lists = ("/generations", "/images", "/flows", "/live/scopes", "/admin/keys")
        answers = []
        for path in lists:
            secret = MASTER if path.startswith("/admin") else self.ours.secret
            headers = {"X-API-Key": secret}
            answer = await self.client.get(f"/api/v1{path}", headers=headers)
            assert answer.status_code == 200
            # Looking is a use of the key.
            answers.append(re.sub(rb'"lastUsedAt":[^,}]*', b"", answer.content))
        return answers


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Matrix]:
    async with served(folder, EDGE_BOOTSTRAP_MASTER_KEY=MASTER) as running:
        client = httpx.AsyncClient(
            transport=running.client._transport, base_url=running.client.base_url
        )
        async with client:
            other = {"name": "theirs", "organization": "other", "project": "site"}
            theirs = await made(client, MASTER, "/admin/keys", json=other)
            secrets, narrow = await keys_in(folder)
            yield Matrix(
                client,
                ours=await furnished(client, KEY),
                theirs=await furnished(client, theirs["key"]),
                secrets=secrets,
                narrow=narrow,
            )


async def made(client: httpx.AsyncClient, secret: str, path: str, **more: Any) -> Any:
    answer = await client.post(f"/api/v1{path}", headers={"X-API-Key": secret}, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def keys_in(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    async with open_records(None, folder) as records:
        project = await records.tenants.ensure("main", "site", "page")

        async def key(**changes: Any) -> tuple[str, str]:
            wanted = {"name": "any", "project": project, **changes}
            made, secret = await records.keys.create(**wanted)
            return made.id, secret

        _, expired = await key(lifetime=timedelta(seconds=-1))
        revoked_id, revoked = await key()
        await records.keys.revoke(revoked_id)
        fallen_id, fallen = await key(project=None)
        await records.keys.revoke(fallen_id)
        narrow = {}
        for scope in ("generations", "images", "flows"):
            rest = tuple(one for one in KEY_SCOPES if one != scope)
            narrow[scope] = (await key(scopes=rest))[1]
        blind = tuple(one for one in KEY_SCOPES if one not in (LIVE_READ, LIVE_GENERATE))
        narrow["live"] = (await key(scopes=blind))[1]
        narrow["usage"] = (await key(scopes=()))[1]
        narrow["purge"] = narrow["images"]
    unknown = "bnt_" + "0" * 64
    return {
        "unknown": unknown,
        "malformed": "no key at all",
        "expired": expired,
        "revoked": revoked,
        "revoked master": fallen,
    }, narrow


async def furnished(client: httpx.AsyncClient, secret: str) -> Home:
    fields = {"alias": "@picture", "flowAlias": "@hero"}
    file = {"file": ("a.png", png())}
    image = await made(client, secret, "/images/upload", data=fields, files=file)
    wish = {"prompt": "their home", "flowId": image["flowId"]}
    generation = await made(client, secret, "/generations", json=wish)
    scope = await made(client, secret, "/live/scopes", json={"slug": f"of-{image['id']}"})
    ids = {"images": image["id"], "flows": image["flowId"], "generations": generation["id"]}
    ids["scopes"] = scope["slug"]
    listed = await client.get("/api/v1/admin/keys", headers={"X-API-Key": MASTER})
    return Home(secret, ids | {"admin": listed.json()["data"][0]["id"], "live": "", "purge": ""})
