"""The provider fails: everybody hears it once, nothing of it is kept, and nobody insists."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from tests.fleet.crowd import Reply, ask_everywhere, live_target, waiting_crowd
from tests.fleet.parts import paid_settings
from tests.fleet.processes import ServerProcess, fleet


@pytest.fixture(scope="module")
def two(fleet_valkey, replicate_process, tmp_path_factory):
    """Two processes on one folder and one Redis."""
    settings = {
        **paid_settings(replicate_process),
        "EDGE_DAILY_BUDGET": "10.00",
        "REDIS_URL": fleet_valkey.url,
        "EDGE__REDIS__PREFIX": "provider-faults:",
    }
    with fleet(tmp_path_factory.mktemp("two"), 2, **settings) as processes:
        yield processes


def spent(process: ServerProcess) -> int:
    """Micro-dollars that count against the budget."""
    with closing(sqlite3.connect(process.data / "records.sqlite3")) as records:
        (micros,) = records.execute("SELECT sum(taken) FROM budget_windows").fetchone()
    return micros or 0


def pictures(process: ServerProcess) -> int:
    return sum(path.is_file() for path in (process.data / "pictures").rglob("*"))


def shared(replies: list[Reply]) -> Reply:
    """The one answer everybody got, never to be kept."""
    assert all(reply.uncacheable for reply in replies)
    assert len({(reply.status, reply.code) for reply in replies}) == 1
    return replies[0]


@pytest.mark.parametrize(
    ("fault", "charged"),
    [
        ({"on": "create", "do": "500"}, False),
        ({"on": "create", "do": "html"}, True),
        ({"on": "file", "do": "half", "times": -1}, True),
        ({"on": "file", "do": "html", "times": -1}, True),
    ],
    ids=["refusing", "babbling", "cutting", "lying"],
)
async def test_a_failure_is_shared_booked_and_not_stored(two, replicate_standin, fault, charged):
    target = live_target(f"made by a provider {fault['on']} {fault['do']}")
    before, kept = spent(two[0]), pictures(two[0])
    await replicate_standin.script(fault)
    reply = shared(await ask_everywhere(two, target, times=100))
    assert (reply.status, reply.code) == (502, "GENERATOR_FAILED")
    assert int(reply.headers["retry-after"]) >= 1
    calls = await replicate_standin.calls()
    assert calls["created"] <= 1
    assert (spent(two[0]) - before > 0) is charged
    assert pictures(two[0]) == kept

    # Remembered by both: the next ones are told at once, and the provider hears nothing.
    again = shared(await ask_everywhere(two, target))
    assert again.code == "GENERATOR_FAILED"
    assert await replicate_standin.calls() == calls


async def test_two_hundred_waiters_share_one_failed_job(two, replicate_standin):
    await replicate_standin.script({"on": "outcome", "do": "failed"})
    await replicate_standin.hold()
    crowd = await waiting_crowd(two, live_target("the job fails for two hundred"), times=100)
    await replicate_standin.release()
    replies = await crowd.replies()
    assert Counter((reply.status, reply.code) for reply in replies) == {
        (502, "GENERATOR_FAILED"): 200
    }
    assert all(reply.uncacheable for reply in replies)
    assert await replicate_standin.created() == 1


async def test_a_refused_prompt_is_refused_for_everybody(two, replicate_standin):
    target = live_target("refused by the provider")
    await replicate_standin.script({"on": "outcome", "do": "nsfw"})
    reply = shared(await ask_everywhere(two, target, times=20))
    assert (reply.status, reply.code) == (422, "CONTENT_REFUSED")
    assert shared(await ask_everywhere(two, target)).status == 422
    assert await replicate_standin.created() == 1


async def test_a_provider_that_asks_for_a_pause_gets_one(two, replicate_standin):
    # The last of this file: the pause it asks for outlasts the test.
    target = live_target("the provider is out of breath")
    before = await asyncio.to_thread(spent, two[0])
    await replicate_standin.script({"on": "create", "do": "429", "retry_after": 7, "times": -1})
    for reply in await ask_everywhere(two, target, times=100):
        assert (reply.status, reply.code) == (503, "GENERATOR_BUSY")
        assert reply.uncacheable
        # A fifth is added at random, so that not everybody comes back in the same instant.
        assert 6 <= int(reply.headers["retry-after"]) <= 7 * 1.2
    assert await asyncio.to_thread(spent, two[0]) == before

    # From here on a prediction would be made, if anybody asked for one.
    await replicate_standin.reset()
    for prompt in ("the provider is out of breath", "another one during the pause"):
        for reply in await ask_everywhere(two, live_target(prompt)):
            assert (reply.status, reply.code) == (503, "GENERATOR_BUSY")
    assert await replicate_standin.created() == 0
    assert await asyncio.to_thread(spent, two[0]) == before
