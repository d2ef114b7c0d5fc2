"""The bucket goes away, or takes nothing: no answer is never an absence, and nothing is lost."""

import asyncio
from collections import Counter

import pytest

from tests.fleet.bucket_front import bucket_front
from tests.fleet.crowd import ask, ask_everywhere, live_target, until, waiting_crowd
from tests.fleet.parts import bucket_settings, flush, paid_settings
from tests.fleet.processes import fleet


@pytest.fixture(scope="module")
async def front(s3):
    async with bucket_front(s3.port) as between:
        yield between


@pytest.fixture(scope="module")
async def two(front, s3, fleet_valkey, replicate_process, tmp_path_factory):
    """Two processes whose bucket can be taken away."""
    settings = {
        **paid_settings(replicate_process),
        **bucket_settings(s3, s3.new_bucket(), port=front.port),
        "REDIS_URL": fleet_valkey.url,
        "EDGE__REDIS__PREFIX": "store-outage:",
        "EDGE__STORE__READ_TIMEOUT": "0.5",
    }
    opening = fleet(tmp_path_factory.mktemp("two"), 2, **settings)
    processes = await asyncio.to_thread(opening.__enter__)
    try:
        yield processes
    finally:
        await asyncio.to_thread(opening.__exit__, None, None, None)


@pytest.fixture
async def sound_front(front, two):
    """The front passes everything on again afterwards, and both processes know it."""
    yield front
    front.swallows = False
    front.refused.clear()
    await until(
        lambda: all(each.readiness()[1]["status"] == "ready" for each in two),
        what="the processes' recovery",
    )


@pytest.mark.parametrize("fault", ["refusing", "swallowing"])
async def test_no_answer_from_the_bucket_is_never_a_miss(
    two, sound_front, replicate_standin, fault
):
    stored = live_target(f"stored before {fault}")
    made = await ask(two[0].port, stored)
    assert made.status == 200
    if fault == "refusing":
        sound_front.refused.update({"GET", "PUT"})
    else:
        sound_front.swallows = True
    for number in range(3):
        refused = await ask_everywhere(two, live_target(f"new while {fault} {number}"))
        for reply in refused:
            assert (reply.status, reply.code) == (503, "STORE_UNAVAILABLE")
            assert reply.uncacheable
            assert reply.seconds < 7 + 1
    # One has it in memory, the other finds it in Redis.
    hits = await ask_everywhere(two, stored)
    assert Counter((reply.status, reply.way) for reply in hits) == {(200, "HIT"): 2}
    assert {reply.body for reply in hits} == {made.body}
    assert await replicate_standin.created() == 1


async def test_a_paid_picture_the_bucket_refuses_is_served_and_stored_later(
    two, sound_front, fleet_valkey, replicate_standin
):
    target = live_target("paid for and refused by the bucket")
    sound_front.refused.add("PUT")
    await replicate_standin.hold()
    crowd = await waiting_crowd(two[:1], target, times=20)
    await replicate_standin.release()
    replies = await crowd.replies()
    assert Counter((reply.status, reply.way) for reply in replies) == {
        (200, "MISS"): 1,
        (200, "COALESCED"): 19,
    }
    for reply in replies:
        assert reply.headers["cache-control"].endswith("max-age=60")
        assert 'stored=?0; detail="spooled"' in reply.headers["cache-status"]
    spool = two[0].data / "spool"
    assert len(list(spool.iterdir())) == 1
    # The other process must not pay for it either.
    assert (await ask(two[1].port, target)).body == replies[0].body

    sound_front.refused.clear()
    await until(lambda: not list(spool.iterdir()), what="the emptying of the spool")
    await asyncio.to_thread(flush, fleet_valkey)
    again = await ask_everywhere(two, target)
    assert {(reply.status, reply.way) for reply in again} == {(200, "HIT")}
    assert {reply.body for reply in again} == {replies[0].body}
    assert await replicate_standin.created() == 1
