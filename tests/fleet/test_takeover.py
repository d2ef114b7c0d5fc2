"""A process is killed while it has a picture made: the others finish what it began."""

import asyncio
import sqlite3
from contextlib import closing

from tests.fleet.crowd import (
    BROKEN,
    live_target,
    total,
    until,
    waiting_crowd,
)
from tests.fleet.parts import LEASE_SECONDS, leases_held
from tests.fleet.processes import ServerProcess
from tests.standins.replicate_picture import read_stamp, stamp_of

# What the promise allows after a holder's death: its lease, and half a second. The rest is slack
# for a busy machine.
_PROMISED = LEASE_SECONDS + 0.5
_SLACK = 2.5


def holder_among(processes: list[ServerProcess]) -> ServerProcess:
    (holder,) = [each for each in processes if each.metric("edge_generations_in_flight") == 1]
    return holder


async def test_a_killed_holders_job_is_resumed_by_another_process(four, replicate_standin):
    prompt = "the holder died while it waited"
    await replicate_standin.hold()
    crowd = await waiting_crowd(four, live_target(prompt), times=20)
    # The first poll comes after the job's id was noted.
    await replicate_standin.wait(polls=1)
    holder = await asyncio.to_thread(holder_among, four)
    before = await asyncio.to_thread(_counted, four, holder)
    await asyncio.to_thread(holder.kill)
    seconds = await until(
        lambda: total(four, "edge_cache_takeovers_total") > before["takeovers"],
        what="the takeover",
    )
    await replicate_standin.release()
    replies = await crowd.replies()
    assert seconds <= _PROMISED + _SLACK
    assert [reply.status for reply in replies].count(BROKEN) == 20
    whole = [reply for reply in replies if reply.status != BROKEN]
    assert {reply.status for reply in whole} == {200}
    assert len({reply.body for reply in whole}) == 1
    assert read_stamp(whole[0].body)[0] == stamp_of(prompt)
    assert await replicate_standin.created() == 1
    assert await asyncio.to_thread(total, four, "paid_duplicates_total") == before["duplicates"]


def _counted(four: list[ServerProcess], without: ServerProcess) -> dict[str, float]:
    """What the survivors have counted so far."""
    others = [each for each in four if each is not without]
    return {
        "takeovers": total(others, "edge_cache_takeovers_total"),
        "duplicates": total(others, "paid_duplicates_total"),
    }


async def test_a_holder_killed_before_it_asked_the_provider_costs_nothing(
    four, fleet_valkey, replicate_standin
):
    target = live_target("the holder died before it paid")
    victim, *others = four
    counted = await asyncio.to_thread(_counted, four, victim)
    with closing(sqlite3.connect(victim.data / "records.sqlite3", isolation_level=None)) as records:
        # Nobody gets past the reservation while the records are locked.
        records.execute("BEGIN IMMEDIATE")
        first = await waiting_crowd([victim], target, times=1)
        await until(lambda: leases_held(fleet_valkey), what="the holder's lease")
        crowd = await waiting_crowd(others, target, times=5)
        await asyncio.to_thread(victim.kill)
        records.execute("ROLLBACK")
    replies = await crowd.replies()
    assert {reply.status for reply in replies} == {200}
    assert [reply.status for reply in await first.replies()] == [BROKEN]
    assert await replicate_standin.created() == 1
    after = await asyncio.to_thread(_counted, four, victim)
    assert after["duplicates"] == counted["duplicates"]
    assert after["takeovers"] == counted["takeovers"] + 1


async def test_a_job_whose_id_was_never_noted_is_paid_twice_at_most_and_counted(
    four, replicate_standin
):
    target = live_target("the holder died with the answer under way")
    victim, *others = four
    counted = await asyncio.to_thread(_counted, four, victim)
    await replicate_standin.script({"on": "create", "do": "late"})
    first = await waiting_crowd([victim], target, times=1)
    await replicate_standin.wait(created=1)
    crowd = await waiting_crowd(others, target, times=5)
    await asyncio.to_thread(victim.kill)
    replies = await crowd.replies()
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert [reply.status for reply in await first.replies()] == [BROKEN]
    assert await replicate_standin.created() == 2
    after = await asyncio.to_thread(_counted, four, victim)
    assert after["duplicates"] == counted["duplicates"] + 1
