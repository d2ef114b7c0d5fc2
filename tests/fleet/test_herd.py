"""Crowds before four processes: one picture for each prompt, paid once, the right one for all."""

import asyncio
import sqlite3
import time
from collections import Counter
from contextlib import closing

from tests.fleet.crowd import (
    ask,
    ask_everywhere,
    ask_together,
    boarded,
    live_target,
    request_bytes,
    total,
    until,
    waiting_crowd,
)
from tests.fleet.parts import flush
from tests.fleet.processes import ServerProcess
from tests.standins.replicate_picture import read_stamp, stamp_of


def paid(process: ServerProcess) -> int:
    """Micro-dollars in the ledger of its records."""
    with closing(sqlite3.connect(process.data / "records.sqlite3")) as records:
        (micros,) = records.execute("SELECT sum(settled_micros) FROM ledger").fetchone()
    return micros or 0


async def test_a_thousand_first_requests_make_one_picture(four, replicate_standin):
    prompt = "a herd of a thousand wildebeest"
    await replicate_standin.hold()
    crowd = await waiting_crowd(four, live_target(prompt), times=250)
    released = time.monotonic()
    await replicate_standin.release()
    replies = await crowd.replies()
    slowest = time.monotonic() - released
    assert Counter(reply.status for reply in replies) == {200: 1000}
    assert len({reply.body for reply in replies}) == 1
    assert Counter(reply.way for reply in replies) == {"MISS": 1, "COALESCED": 999}
    assert await replicate_standin.created() == 1
    assert read_stamp(replies[0].body)[0] == stamp_of(prompt)
    # Two polls of the provider's pace, a download, a write and a wake-up; the rest is slack.
    assert slowest < 15


async def test_twenty_crowds_make_twenty_pictures_and_nobody_gets_anothers(four, replicate_standin):
    prompts = [f"landscape number {number} of twenty" for number in range(20)]
    asked = [prompt for prompt in prompts for _ in range(100)]
    replies = await ask_together(
        [
            (four[place % 4].port, request_bytes(live_target(prompt)))
            for place, prompt in enumerate(asked)
        ]
    )
    assert Counter(reply.status for reply in replies) == {200: 2000}
    assert await replicate_standin.created() == 20
    bodies = {(prompt, reply.body) for prompt, reply in zip(asked, replies, strict=True)}
    assert len(bodies) == 20
    for prompt, body in bodies:
        assert read_stamp(body)[0] == stamp_of(prompt)
    ways = Counter(reply.way for reply in replies)
    assert ways["MISS"] == 20
    assert ways["MISS"] + ways["COALESCED"] + ways["HIT"] == 2000


async def test_a_picture_nobody_waits_for_any_more_is_stored_anyway(four, replicate_standin):
    target = live_target("everybody left before it was there")
    await replicate_standin.hold()
    aboard = await asyncio.to_thread(boarded, four)
    stored = await asyncio.to_thread(total, four, "edge_cache_fills_total", outcome="stored")
    clients = [
        (await asyncio.open_connection("127.0.0.1", process.port))[1]
        for process in four
        for _ in range(50)
    ]
    for client in clients:
        client.write(request_bytes(target))
    await until(lambda: boarded(four) >= aboard + 200, what="the crowd's boarding")
    for client in clients:
        client.transport.abort()
    await replicate_standin.release()
    await until(
        lambda: total(four, "edge_cache_fills_total", outcome="stored") > stored,
        what="the abandoned picture's storing",
    )
    replies = await ask_everywhere(four, target)
    assert {(reply.status, reply.way) for reply in replies} == {(200, "HIT")}
    assert await replicate_standin.created() == 1


async def test_a_flushed_redis_does_not_pay_again_for_a_noted_job(
    four, fleet_valkey, replicate_standin
):
    target = live_target("the leases were flushed away")
    duplicates = await asyncio.to_thread(total, four, "paid_duplicates_total")
    fills = await asyncio.to_thread(total, four, "edge_cache_fills_total")
    before = await asyncio.to_thread(paid, four[0])
    takeovers = await asyncio.to_thread(total, four, "edge_cache_takeovers_total")
    await replicate_standin.hold()
    crowd = await waiting_crowd(four, target, times=10)
    # The first poll comes after the job's id was noted.
    await replicate_standin.wait(polls=1)
    await asyncio.to_thread(flush, fleet_valkey)
    await until(lambda: total(four, "edge_cache_takeovers_total") > takeovers, what="the takeover")
    await replicate_standin.release()
    replies = await crowd.replies()
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert await replicate_standin.created() == 1
    # Both finish the job; it is one picture, paid once.
    await until(
        lambda: total(four, "edge_cache_fills_total") == fills + 2, what="the end of both fills"
    )
    assert await asyncio.to_thread(total, four, "paid_duplicates_total") == duplicates
    assert await asyncio.to_thread(paid, four[0]) - before == 3000
    late = await ask(four[0].port, target)
    assert (late.status, late.body) == (200, replies[0].body)
