"""A process is told to stop while it has pictures made: nobody is left without an answer."""

import asyncio
import time
import urllib.error

import pytest

from tests.fleet.crowd import BROKEN, ask, live_target, until, waiting_crowd
from tests.fleet.parts import paid_settings
from tests.fleet.processes import ServerProcess, launch, wait_until_ready

_GRACE_SECONDS = 2
_DRAIN_SECONDS = 1


@pytest.fixture
def lone(replicate_standin, tmp_path):
    """One process with everything in its own folder, and little patience at its end."""
    process = launch(
        tmp_path / "data",
        **paid_settings(replicate_standin),
        EDGE__SERVER__REQUEST_GRACE=str(_GRACE_SECONDS),
        EDGE__SERVER__DRAIN=str(_DRAIN_SECONDS),
    )
    wait_until_ready(process)
    yield process
    if process.alive:
        process.kill()


def takes_no_more(process: ServerProcess) -> bool:
    """Whether whoever asks it for its readiness learns that it is on its way out."""
    try:
        status, words = process.readiness()
    except urllib.error.URLError as error:
        return isinstance(error.reason, ConnectionError)
    except ConnectionError:
        return True
    return status == 503 and words["status"] == "draining"


async def test_waiting_callers_get_their_picture_before_the_process_ends(lone, replicate_standin):
    await replicate_standin.hold()
    crowd = await waiting_crowd([lone], live_target("the last picture of the day"), times=50)
    lone.terminate()
    assert await until(lambda: takes_no_more(lone), seconds=5) < 2
    await replicate_standin.release()
    replies = await crowd.replies()
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert await asyncio.to_thread(lone.popen.wait, 10) == 0
    assert await replicate_standin.created() == 1


async def test_whoever_waited_in_vain_is_told_so_and_the_job_is_handed_over(
    lone, replicate_standin
):
    target = live_target("not finished in time")
    await replicate_standin.hold()
    crowd = await waiting_crowd([lone], target, times=50)
    await replicate_standin.wait(polls=1)
    began = time.monotonic()
    lone.terminate()
    replies = await crowd.replies()
    assert await asyncio.to_thread(lone.popen.wait, 30) == 0
    assert time.monotonic() - began < _GRACE_SECONDS + _DRAIN_SECONDS + 5
    assert BROKEN not in {reply.status for reply in replies}
    for reply in replies:
        assert (reply.status, reply.uncacheable) == (503, True)
        assert int(reply.headers["retry-after"]) >= 1

    await replicate_standin.release()
    await asyncio.to_thread(lone.start_again)
    assert (await ask(lone.port, target)).status == 200
    assert await replicate_standin.created() == 1


async def test_a_picture_nobody_waits_for_is_finished_before_the_process_ends(
    lone, replicate_standin
):
    target = live_target("finished while the process ends")
    await replicate_standin.hold()
    started = await ask(lone.port, f"{target}&wait=0")
    assert (started.status, started.uncacheable) == (202, True)
    await replicate_standin.wait(polls=1)
    lone.terminate()
    await until(lambda: takes_no_more(lone), seconds=5)
    await replicate_standin.release()
    assert await asyncio.to_thread(lone.popen.wait, 30) == 0
    await asyncio.to_thread(lone.start_again)
    assert (await ask(lone.port, target)).way == "HIT"
    assert await replicate_standin.created() == 1
