"""Four processes, 500 waiters on each, one picture nobody has made yet: what does it cost?"""

import asyncio
import resource
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import redis

from tests.bench.starting import running_edge
from tests.bench.table import Row, Section
from tests.fleet.crowd import live_target, parse, request_bytes
from tests.fleet.parts import paid_settings
from tests.servers.valkey import RedisServer, valkey_binary
from tests.standins.replicate import ReplicateStandin, running_replicate_standin

PROCESSES = 4
JOB_SECONDS = 2.0


def herd(folder: Path, waiters: int) -> Section:
    """``waiters`` for each process."""
    _allow_open_files(2 * PROCESSES * waiters)
    (folder / "valkey").mkdir(parents=True)
    with ExitStack() as stack:
        valkey = RedisServer(valkey_binary(), folder / "valkey")
        stack.callback(valkey.stop)
        standin = stack.enter_context(running_replicate_standin())
        settings = {**paid_settings(standin), "REDIS_URL": valkey.url}
        ports = _started(folder, stack, settings)
        client = stack.enter_context(redis.Redis.from_url(valkey.url))
        return Section(
            f"3. {PROCESSES} processes with {waiters} waiters each, one cold picture",
            asyncio.run(_measured(ports, waiters, standin, client)),
            f"The stand-in for Replicate takes {JOB_SECONDS:g} s for a picture.",
        )


def _started(folder: Path, stack: ExitStack, settings: dict[str, str]) -> list[int]:
    """The ports. The first is waited for: it makes the records for all."""
    edges = [
        stack.enter_context(
            running_edge(
                folder / "data", log=folder / f"log-{number}", wait=number == 0, **settings
            )
        )
        for number in range(PROCESSES)
    ]
    for edge in edges:
        edge.wait()
    return [edge.port for edge in edges]


async def _measured(
    ports: Sequence[int], waiters: int, standin: ReplicateStandin, client: "redis.Redis"
) -> list[Row]:
    await standin.pace(JOB_SECONDS)
    # The first of all also opens connections and compiles scripts; it is nobody's measure.
    await _crowd(ports[:1], 1, "the very first")
    alone, alone_counts = await _counted(ports[:1], 1, "nobody else", standin, client)
    many, counts = await _counted(ports, waiters, "everybody at once", standin, client)
    return [
        Row("one caller", _figures(alone, alone_counts, 1)),
        Row(f"{len(many):,} callers", _figures(many, counts, len(ports))),
    ]


def _figures(times: list[float], counts: dict[str, float], processes: int) -> dict[str, float]:
    return {
        "paid jobs": counts["created"],
        "Redis commands/process": counts["commands"] / processes,
        "median s after the job": statistics.median(times) - JOB_SECONDS,
        "slowest s after the job": max(times) - JOB_SECONDS,
    }


async def _counted(
    ports: Sequence[int],
    waiters: int,
    prompt: str,
    standin: ReplicateStandin,
    client: "redis.Redis",
) -> tuple[list[float], dict[str, float]]:
    before = await standin.created()
    client.config_resetstat()
    times = await _crowd(ports, waiters, prompt)
    statistics_now: dict[str, Any] = client.info("commandstats")
    # Ours: the reset itself.
    calls = sum(each["calls"] for each in statistics_now.values()) - 1
    return times, {"created": await standin.created() - before, "commands": calls}


async def _crowd(ports: Sequence[int], waiters: int, prompt: str) -> list[float]:
    """Seconds each waited; all had connected before the first asked."""
    request = request_bytes(live_target(prompt))
    everybody, doors = asyncio.Barrier(len(ports) * waiters), asyncio.Semaphore(200)

    async def one(port: int) -> float:
        async with doors:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await everybody.wait()
            began = time.perf_counter()
            writer.write(request)
            reply = parse(await reader.read(-1))
            assert reply.status == 200, f"{reply.status} {reply.body[:300]!r}"
            return time.perf_counter() - began
        finally:
            writer.close()

    async with asyncio.timeout(60):
        return await asyncio.gather(*(one(port) for port in ports for _ in range(waiters)))


def _allow_open_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 256
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
