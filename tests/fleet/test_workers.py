"""WEB_CONCURRENCY: several workers behind one port serve, count and pay as one."""

import asyncio
import os
import signal
import urllib.error
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fleet.crowd import ask, live_target, until, waiting_crowd
from tests.fleet.parts import paid_settings
from tests.fleet.processes import ServerProcess, launch, wait_until_ready


@pytest.fixture
def pair(fleet_valkey, replicate_standin, tmp_path):
    """One server with two workers."""
    process = launch(
        tmp_path / "data",
        **paid_settings(replicate_standin),
        REDIS_URL=fleet_valkey.url,
        EDGE__REDIS__PREFIX="workers:",
        # A worker that stands still for a moment must not lose its lease.
        EDGE_LEASE_TTL="5",
        # Long enough for every test here, and short when one fails halfway.
        EDGE__SERVER__REQUEST_GRACE="5",
        EDGE__SERVER__DRAIN="1",
        WEB_CONCURRENCY="2",
    )
    wait_until_ready(process)
    yield process
    process.stop()


def workers_of(process: ServerProcess) -> list[int]:
    """The process ids of its workers."""
    parent = process.popen.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def both_serve(process: ServerProcess) -> bool:
    return process.log.read_text().count("Application startup complete") == 2


def refuses(process: ServerProcess) -> bool:
    """Whether nobody listens: not even a queue nobody takes connections from."""
    try:
        process.readiness()
    except urllib.error.URLError as error:
        return isinstance(error.reason, ConnectionError)
    except ConnectionError:
        return True
    return False


async def counted(process: ServerProcess, name: str) -> float:
    return await asyncio.to_thread(process.metric, name)


@contextmanager
def standing_still(worker: int) -> Iterator[None]:
    """While it lasts the other worker accepts every connection."""
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


async def test_two_workers_make_one_picture_and_add_up_their_counts(pair, replicate_standin):
    target = live_target("two workers, one picture")
    await until(lambda: both_serve(pair), what="the second worker's start")
    one, other = workers_of(pair)
    await replicate_standin.hold()
    with standing_still(one):
        crowd = await waiting_crowd([pair], target, times=50)
        # It has the lease, and its job runs.
        await replicate_standin.wait(polls=1)
    with standing_still(other):
        second_crowd = await waiting_crowd([pair], target, times=50)
    # Each has a flight, one of them the lease; whichever tells, it tells for both.
    for _ in range(4):
        assert await counted(pair, "edge_cache_flights_total") == 2
        assert await counted(pair, "edge_cache_joins_total") == 98
        assert await counted(pair, "edge_generations_in_flight") == 1
    await replicate_standin.release()
    replies = await crowd.replies() + await second_crowd.replies()
    assert Counter((reply.status, reply.way) for reply in replies) == {
        (200, "MISS"): 1,
        (200, "COALESCED"): 99,
    }
    assert len({reply.body for reply in replies}) == 1
    assert await replicate_standin.created() == 1


async def test_killed_workers_are_replaced_and_their_job_is_resumed(pair, replicate_standin):
    target = live_target("both workers died")
    await replicate_standin.hold()
    crowd = await waiting_crowd([pair], target, times=10)
    await replicate_standin.wait(polls=1)
    for worker in await asyncio.to_thread(workers_of, pair):
        os.kill(worker, signal.SIGKILL)
    await crowd.replies()
    await asyncio.to_thread(wait_until_ready, pair)
    await until(
        lambda: pair.metric("edge_generations_in_flight") == 0, what="the forgetting of the dead"
    )
    flights = await counted(pair, "edge_cache_flights_total")
    assert flights + await counted(pair, "edge_cache_joins_total") == 10
    await replicate_standin.release()
    assert (await ask(pair.port, target)).status == 200
    assert await replicate_standin.created() == 1


async def test_stopping_workers_answer_those_who_wait_and_take_nobody_new(pair, replicate_standin):
    await replicate_standin.hold()
    crowd = await waiting_crowd([pair], live_target("the last one of two workers"), times=20)
    pair.terminate()
    await until(lambda: refuses(pair), seconds=5, what="refusing")
    await replicate_standin.release()
    assert {reply.status for reply in await crowd.replies()} == {200}
    assert await asyncio.to_thread(pair.popen.wait, 20) == 0
    assert not list(pair.data.glob("metrics-*"))


async def test_workers_without_redis_are_refused_at_the_start(tmp_path):
    process = launch(tmp_path / "data", WEB_CONCURRENCY="2")
    assert await asyncio.to_thread(process.popen.wait, 30) == 2
    said = process.log.read_text()
    assert "REDIS_URL" in said
    assert "Traceback" not in said
