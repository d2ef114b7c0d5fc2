"""A crowd of clients that have all connected before the first of them asks."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.fleet.processes import API_KEY


@dataclass(frozen=True, slots=True)
class Reply:
    """One complete answer. ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def live_target(prompt: str, **parameters: str) -> str:
    return "/api/v1/live?" + urlencode({"prompt": prompt, **parameters})


def request_bytes(target: str, **headers: str) -> bytes:
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Connection: close"]
    fields = {"X-API-Key": API_KEY} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines += [f"{name}: {value}" for name, value in fields.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def parse(raw: bytes) -> Reply:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Reply(int(first.split()[1]), headers, body)


async def ask_together(
    requests: Sequence[tuple[int, bytes]], *, seconds: float = 90
) -> list[Reply]:
    """Send each (port, request) at the same moment; the replies in the same order."""
    everybody = asyncio.Barrier(len(requests))
    doors = asyncio.Semaphore(200)

    async def one(port: int, request: bytes) -> Reply:
        async with doors:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await everybody.wait()
            writer.write(request)
            return parse(await reader.read(-1))
        finally:
            writer.close()

    async with asyncio.timeout(seconds):
        return await asyncio.gather(*(one(port, request) for port, request in requests))


async def ask(port: int, target: str, **headers: str) -> Reply:
    return (await ask_together([(port, request_bytes(target, **headers))]))[0]
