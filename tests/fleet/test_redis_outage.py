"""Redis goes away: the stored still answers, nothing new is paid for, and it heals by itself."""

import asyncio
import io
import time
from collections import Counter

import pytest
from PIL import Image

from tests.fleet.crowd import (
    Reply,
    ask,
    ask_everywhere,
    ask_together,
    live_target,
    request_bytes,
    until,
    waiting_crowd,
)
from tests.fleet.processes import ServerProcess


@pytest.fixture
def valkey_back(fleet_valkey):
    """Redis is there again afterwards, whatever happened."""
    yield fleet_valkey
    fleet_valkey.stop()
    fleet_valkey.start()


def says(process: ServerProcess) -> tuple[int, str]:
    """What /ready says now, or said less than a second ago."""
    status, words = process.readiness()
    return status, words["status"]


async def healed(processes: list[ServerProcess], prompt: str) -> list[Reply]:
    """The answers to a new prompt, once every process makes pictures again."""
    target = live_target(prompt)
    async with asyncio.timeout(15):
        while True:
            replies = await ask_everywhere(processes, target)
            if {reply.status for reply in replies} == {200}:
                return replies
            assert {reply.code for reply in replies if reply.status != 200} == {
                "COORDINATOR_UNAVAILABLE"
            }
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(("away", "back"), [("kill", "start"), ("pause", "resume")])
async def test_without_redis_the_stored_is_served_and_nothing_is_made(
    four, valkey_back, replicate_standin, away, back
):
    stored = live_target(f"stored before the {away} of redis")
    assert (await ask(four[0].port, stored)).status == 200
    await asyncio.to_thread(getattr(valkey_back, away))

    # Three of them have it from the bucket, not from memory.
    hits = await ask_everywhere(four, stored)
    assert Counter((reply.status, reply.way) for reply in hits) == {(200, "HIT"): 4}

    # After these whatever counts failures has seen enough of them.
    refused = await ask_together(
        [
            (process.port, request_bytes(live_target(f"new after the {away} {number}")))
            for number in range(6)
            for process in four
        ]
    )
    assert {reply.code for reply in refused} == {"COORDINATOR_UNAVAILABLE"}
    began = time.monotonic()
    shown = await ask_everywhere(
        four, live_target(f"in a page after the {away}"), Sec_Fetch_Dest="image"
    )
    # A second is promised, the other one is for a busy machine.
    assert time.monotonic() - began < 2
    for reply in shown:
        assert (reply.status, reply.code) == (503, "COORDINATOR_UNAVAILABLE")
        assert reply.uncacheable
        assert int(reply.headers["retry-after"]) >= 1
        with Image.open(io.BytesIO(reply.body)) as picture:
            picture.load()
            assert picture.format == "PNG"
    assert await replicate_standin.created() == 1
    await until(lambda: {says(each) for each in four} == {(200, "degraded")}, what="degrading")

    await asyncio.to_thread(getattr(valkey_back, back))
    replies = await healed(four, f"new after the {back} of redis")
    assert len({reply.body for reply in replies}) == 1
    assert await replicate_standin.created() == 2


async def test_a_server_starts_while_redis_is_away(four, valkey_back, replicate_standin):
    stored = live_target("stored before a start without redis")
    assert (await ask(four[1].port, stored)).status == 200
    await asyncio.to_thread(four[0].stop)
    await asyncio.to_thread(valkey_back.stop)
    await asyncio.to_thread(four[0].start_again)
    assert await asyncio.to_thread(says, four[0]) == (200, "degraded")
    assert (await ask(four[0].port, stored)).way == "HIT"
    refused = await ask(four[0].port, live_target("new at a start without redis"))
    assert (refused.status, refused.code) == (503, "COORDINATOR_UNAVAILABLE")
    assert await replicate_standin.created() == 1

    await asyncio.to_thread(valkey_back.start)
    await healed(four, "new after that start")
    await until(lambda: says(four[0]) == (200, "ready"), what="its readiness")
    assert await replicate_standin.created() == 2


async def test_the_holder_finishes_without_redis(four, valkey_back, replicate_standin):
    target = live_target("redis died under the holder")
    await replicate_standin.hold()
    crowd = await waiting_crowd(four, target, times=10)
    await replicate_standin.wait(polls=1)
    await asyncio.to_thread(valkey_back.kill)
    await replicate_standin.release()
    replies = await crowd.replies()
    ways = Counter((reply.status, reply.way or reply.code) for reply in replies)
    assert ways[200, "MISS"] == 1
    assert ways[200, "MISS"] + ways[200, "COALESCED"] >= 10
    assert set(ways) <= {(200, "MISS"), (200, "COALESCED"), (503, "COORDINATOR_UNAVAILABLE")}
    late = await ask_everywhere(four, target)
    assert Counter((reply.status, reply.way) for reply in late) == {(200, "HIT"): 4}
    assert len({reply.body for reply in late}) == 1
    assert await replicate_standin.created() == 1
