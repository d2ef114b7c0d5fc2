"""What is gathered before anything is spent: leave, words, and what refuses them."""

from dataclasses import replace

import pytest

from cache.errors import NotAdmitted
from cache.leases import LocalLease
from core.errors import RateLimitExceeded
from core.live_request import LiveRequest
from core.models import Enhanced
from core.render import Commission
from tests.core.fakes import open_generation
from tests.core.test_render import KEY, ORDER, Bench


async def test_the_words_are_made_after_the_lease_and_before_the_money() -> None:
    bench = Bench()

    class Writer:
        version = "writer-1"

        async def enhance(self, prompt: str, template: str) -> Enhanced:
            bench.log.append(f"enhance as {template}")
            return Enhanced(f"{prompt} by the sea", self.version)

    order = replace(ORDER, request=LiveRequest("a lighthouse", "1:1", auto_enhance=True))
    commission = Commission(order, replace(bench.workshop, enhancer=Writer()))
    await commission(LocalLease())
    assert bench.log == ["enhance as general", "reserve", "begin", "note_job"]
    (row,) = bench.generations.rows.values()
    assert (row.original_prompt, row.prompt) == ("a lighthouse", "a lighthouse by the sea")
    assert bench.generator.started[0].prompt == "a lighthouse by the sea"


async def test_without_an_answer_of_the_writer_the_callers_own_words_are_sent() -> None:
    bench = Bench()

    class Speechless:
        version = "writer-1"

        async def enhance(self, prompt: str, template: str) -> Enhanced:
            return Enhanced(prompt, self.version, fell_back=True)

    order = replace(ORDER, request=LiveRequest("a lighthouse", "1:1", auto_enhance=True))
    await Commission(order, replace(bench.workshop, enhancer=Speechless()))(LocalLease())
    (row,) = bench.generations.rows.values()
    assert row.prompt == row.original_prompt == "a lighthouse"


async def test_a_resumed_job_is_finished_with_the_words_it_was_started_with() -> None:
    bench = Bench()
    left = open_generation(
        KEY.identity, KEY.slot, job_id="job-of-the-dead", prompt="a lighthouse by the sea"
    )
    bench.generations.rows[left.id] = left
    entry = await bench.commission()(LocalLease())
    assert entry.body == b"picture of a lighthouse by the sea"


async def test_a_used_up_rate_concerns_its_payer_alone_and_reserves_nothing() -> None:
    bench = Bench()

    class Strict:
        async def admit(self, key: str) -> None:
            raise RateLimitExceeded(retry_after=60)

    with pytest.raises(NotAdmitted) as caught:
        await Commission(ORDER, replace(bench.workshop, admission=Strict()))(LocalLease())
    assert (caught.value.payer, bench.log) == (ORDER.payer, [])
    assert isinstance(caught.value.cause, RateLimitExceeded)


async def test_resuming_a_dead_holders_job_is_no_new_work_to_count() -> None:
    bench = Bench()

    class Strict:
        async def admit(self, key: str) -> None:
            raise RateLimitExceeded(retry_after=60)

    left = open_generation(KEY.identity, KEY.slot, job_id="job-of-the-dead")
    bench.generations.rows[left.id] = left
    await Commission(ORDER, replace(bench.workshop, admission=Strict()))(LocalLease())
    assert bench.generator.finished == ["job-of-the-dead"]
