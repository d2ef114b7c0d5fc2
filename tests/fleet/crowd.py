"""A crowd of clients that have all connected before the first of them asks."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.fleet.processes import API_KEY, ServerProcess

# The status of an answer that never came, because the connection broke.
BROKEN = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """One complete answer. ``headers`` have lower-case names, ``seconds`` is how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0

    @property
    def way(self) -> str:
        """How it came through the cache."""
        return self.headers.get("x-cache-status", "")

    @property
    def code(self) -> str:
        return self.headers.get("x-error-code", "")

    @property
    def uncacheable(self) -> bool:
        return "no-store" in self.headers.get("cache-control", "")


def live_target(prompt: str, **parameters: str) -> str:
    return "/api/v1/live?" + urlencode({"prompt": prompt, **parameters})


def request_bytes(target: str, **headers: str) -> bytes:
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Connection: close"]
    fields = {"X-API-Key": API_KEY} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines += [f"{name}: {value}" for name, value in fields.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def parse(raw: bytes, seconds: float = 0.0) -> Reply:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    reply = Reply(int(first.split()[1]), headers, body, seconds)
    # The end of the connection ends the reading: only the length tells a cut answer from a whole.
    if len(body) != int(headers.get("content-length", len(body))):
        return Reply(BROKEN, headers, body, seconds)
    return reply


async def ask_together(
    requests: Sequence[tuple[int, bytes]], *, seconds: float = 90
) -> list[Reply]:
    """Send each (port, request) at the same moment; the replies in the same order.

    Raises OSError when a server does not accept connections.
    """
    everybody = asyncio.Barrier(len(requests))
    doors = asyncio.Semaphore(200)

    async def one(port: int, request: bytes) -> Reply:
        async with doors:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await everybody.wait()
            asked = time.monotonic()
            writer.write(request)
            try:
                raw = await reader.read(-1)
            except ConnectionError:
                raw = b""
            took = time.monotonic() - asked
            return parse(raw, took) if raw else Reply(BROKEN, {}, b"", took)
        finally:
            writer.close()

    async with asyncio.timeout(seconds):
        return await asyncio.gather(*(one(port, request) for port, request in requests))


async def ask(port: int, target: str, **headers: str) -> Reply:
    return (await ask_together([(port, request_bytes(target, **headers))]))[0]


async def ask_everywhere(
    processes: Iterable[ServerProcess], target: str, *, times: int = 1, **headers: str
) -> list[Reply]:
    """The same request ``times`` times at each process, all at once."""
    request = request_bytes(target, **headers)
    return await ask_together([(each.port, request) for each in processes for _ in range(times)])


async def until(happened: Callable[[], object], *, seconds: float = 30, what: str = "it") -> float:
    """Look, in a thread, until it is true; returns how many seconds that took."""
    began = time.monotonic()
    while not await asyncio.to_thread(happened):
        if time.monotonic() - began > seconds:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        await asyncio.sleep(0.02)
    return time.monotonic() - began


def total(processes: Iterable[ServerProcess], name: str, **labels: str) -> float:
    """One metric, added up over those that still live."""
    return sum(each.metric(name, **labels) for each in processes if each.alive)


def boarded(processes: Iterable[ServerProcess]) -> float:
    """How many callers have so far begun or joined a flight."""
    living = [each for each in processes if each.alive]
    return total(living, "edge_cache_flights_total") + total(living, "edge_cache_joins_total")


class Waiting:
    """Callers who are known to wait for a flight, every one of them."""

    def __init__(self, replies: asyncio.Task[list[Reply]]) -> None:
        self._replies = replies

    async def replies(self) -> list[Reply]:
        return await self._replies


async def waiting_crowd(
    processes: Sequence[ServerProcess], target: str, *, times: int, **headers: str
) -> Waiting:
    """Send the request ``times`` times to each process; returns once all of them wait."""
    expected = await asyncio.to_thread(boarded, processes) + times * len(processes)
    asking = asyncio.create_task(ask_everywhere(processes, target, times=times, **headers))
    await until(
        lambda: asking.done() or boarded(processes) >= expected, what="the crowd's boarding"
    )
    assert not asking.done(), f"nobody should be answered yet: {asking.result()[:3]}"
    return Waiting(asking)
