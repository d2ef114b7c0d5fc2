"""kill -9 during REST writes: what was acknowledged is there, and records and pictures agree."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from typing import Any

import httpx
from PIL import Image

from tests.fleet.processes import API_KEY, ROOT, ServerProcess, environment, fleet

ROUNDS = 5
SETTINGS = {"EDGE_RATE_LIMIT": "0"}


@dataclass
class Writers:
    """Callers who write until the line goes dead, and remember every acknowledgement."""

    client: httpx.AsyncClient
    numbers: "count[int]"
    acknowledged: dict[str, dict[str, Any]]
    enough: int
    killing: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until the server is gone."""
        works = (self.flow, self.upload, self.generation)
        await asyncio.gather(*(self._go_on(work) for work in works for _ in range(2)))

    async def _go_on(self, work: Callable[[int], Awaitable[httpx.Response]]) -> None:
        try:
            while True:
                answer = await work(next(self.numbers))
                assert answer.status_code == 201, answer.text
                made = answer.json()["data"]
                kind = answer.request.url.path.split("/")[3]
                self.acknowledged[f"/api/v1/{kind}/{made['id']}"] = made
                self.enough -= 1
                if self.enough <= 0:
                    self.killing.set()
        except httpx.TransportError:
            assert self.killing.is_set(), "nobody has killed it yet"

    async def flow(self, number: int) -> httpx.Response:
        return await self.client.post("/api/v1/flows", json={"meta": {"number": number}})

    async def upload(self, number: int) -> httpx.Response:
        picture = BytesIO()
        Image.new("RGB", (8, 8), (number % 256, number // 256 % 256, 7)).save(picture, "PNG")
        fields = {"alias": f"@upload-{number}", "flowAlias": "@hero"}
        file = {"file": ("a.png", picture.getvalue())}
        return await self.client.post("/api/v1/images/upload", data=fields, files=file)

    async def generation(self, number: int) -> httpx.Response:
        wish = {"prompt": f"number {number}", "alias": f"@made-{number}", "flowAlias": "@hero"}
        return await self.client.post("/api/v1/generations", json=wish)


def client_of(server: ServerProcess) -> httpx.AsyncClient:
    headers = {"X-API-Key": API_KEY}
    return httpx.AsyncClient(base_url=server.base_url, headers=headers, timeout=30)


async def write_until_killed(
    server: ServerProcess,
    numbers: "count[int]",
    acknowledged: dict[str, dict[str, Any]],
    enough: int,
) -> None:
    async with client_of(server) as client:
        writers = Writers(client, numbers, acknowledged, enough)
        writing = asyncio.create_task(writers.run())
        killing = asyncio.create_task(writers.killing.wait())
        await asyncio.wait({writing, killing}, return_when=asyncio.FIRST_COMPLETED)
        # From a thread: the writers are in the middle of something while the signal arrives.
        await asyncio.to_thread(server.kill)
        await writing
        killing.cancel()


def ensure_undamaged(server: ServerProcess) -> dict[str, Any]:
    """What fsck says of the data folder as the kill left it."""
    with closing(sqlite3.connect(server.data / "records.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    check = subprocess.run(
        [sys.executable, "-m", "edge", "fsck", "--json"],
        cwd=ROOT,
        env=environment(server.data, server.port, server.settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr
    return dict(json.loads(check.stdout))


async def ensure_kept(server: ServerProcess, acknowledged: dict[str, dict[str, Any]]) -> None:
    async with client_of(server) as client:
        for path, made in acknowledged.items():
            answer = await client.get(path)
            assert answer.status_code == 200, (path, answer.text)
            kept = answer.json()["data"]
            if "/flows/" in path:
                assert kept["meta"] == made["meta"]
                continue
            assert kept == made
            image = made.get("outputImage", made)
            named = await client.get(f"/api/v1/images/{image['alias']}")
            assert named.json()["data"]["id"] == image["id"]
            assert (await client.get(image["url"])).status_code == 200


async def test_what_was_acknowledged_survives_kill_9(tmp_path):
    acknowledged: dict[str, dict[str, Any]] = {}
    numbers, seen = count(), 0
    with fleet(tmp_path / "data", 1, **SETTINGS) as (server,):
        for number in range(ROUNDS):
            # Another number of answers each round: the kill lands in another place.
            await write_until_killed(server, numbers, acknowledged, enough=3 + 7 * number % 11)
            report = ensure_undamaged(server)
            assert report["sound"] >= sum("/flows/" not in path for path in acknowledged)
            server.start_again()
            fresh = dict(list(acknowledged.items())[seen:])
            assert fresh
            await ensure_kept(server, fresh)
            seen = len(acknowledged)
        await ensure_kept(server, acknowledged)
