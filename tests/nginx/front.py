"""The shipped nginx with a counting origin behind it and a client before it."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.servers.nginx import Nginx
from tests.servers.process import until
from tests.standins.origin import Answer, Origin, picture

LIVE = "/cdn/main/site/live/page?prompt=lighthouse"
KEYED_LIVE = "/api/v1/live?prompt=lighthouse"
PUBLIC = "public, max-age=86400, stale-while-revalidate=604800, stale-if-error=2592000"
BODY = b"0123456789" * 20


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer read byte by byte, for requests no client library would send."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Front:
    """``client`` speaks to ``nginx``, nginx to ``origin``."""

    nginx: Nginx
    origin: Origin
    client: httpx.AsyncClient

    async def get(self, target: str = LIVE, **headers: str) -> httpx.Response:
        return await self.client.get(target, headers=_named(headers))

    async def head(self, target: str = LIVE, **headers: str) -> httpx.Response:
        return await self.client.head(target, headers=_named(headers))

    def logged(self, requests: int) -> list[dict[str, Any]]:
        """The access log once it has so many lines; each is written after its answer was sent."""
        log = self.nginx.run / "access.log"
        until(lambda: log.read_text().count("\n") >= requests, "the access log")
        lines = log.read_text().splitlines()
        assert len(lines) == requests
        return [json.loads(line) for line in lines]

    async def exactly(self, request: bytes) -> Reply:
        """Send these bytes on a connection of their own; read until nginx closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.nginx.port)
        try:
            writer.write(request)
            async with asyncio.timeout(10):
                return _reply(await reader.read())
        finally:
            writer.close()
            await writer.wait_closed()


def public(body: bytes = BODY, **more: str) -> Answer:
    return picture(body, PUBLIC, **more)


def past(cache_control: str = PUBLIC, body: bytes = BODY) -> Answer:
    """A picture whose freshness ended five seconds before it was stored: stale without a wait."""
    return picture(body, cache_control, X_Accel_Expires=f"@{int(time.time()) - 5}")


def error_of(answer: httpx.Response) -> dict[str, Any]:
    envelope = answer.json()
    assert envelope["success"] is False
    return dict(envelope["error"])


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _reply(data: bytes) -> Reply:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    return Reply(int(first.split(" ")[1]), headers, body)
