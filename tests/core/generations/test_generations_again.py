"""Generations made again: retried, regenerated, changed, cancelled, deleted."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copy

import pytest

from core.errors import (
    ContentRefused,
    GenerationCancelled,
    GeneratorFailed,
    NotFound,
    NotRetryable,
    RateLimitExceeded,
)
from core.generations.requests import Owner
from core.live import Answer
from core.models import Generation
from core.spending.limits import Budget
from tests.core.generation_bench import (
    AT_ONCE,
    PATIENT,
    Bench,
    a_key,
    bench_in,
    live_ask,
    wish,
)

DAILY = (Budget("installation", "day", 100_000),)


@pytest.fixture
async def bench(tmp_path: Path, blank_records: Path) -> AsyncIterator[Bench]:
    copy(blank_records, tmp_path)
    async with bench_in(tmp_path, budgets=DAILY) as bench:
        yield bench


async def failed(bench: Bench, **wanted: object) -> Generation:
    bench.provider.fail_finish = GeneratorFailed()
    made = await bench.make(**wanted)
    bench.provider.fail_finish = None
    assert made.status == "failed"
    return made


async def again(bench: Bench, old: Generation, **changes: object) -> Generation:
    outcome = await bench.service.retry(bench.owner, old.id, changes, PATIENT)
    assert outcome.ended
    return outcome.generation


async def test_a_failed_one_is_remade_under_its_id_at_once(bench: Bench) -> None:
    old = await failed(bench)
    made = await again(bench, old)
    assert (made.id, made.status, made.retry_count) == (old.id, "success", 1)
    assert (made.error_code, made.created_at) == (None, old.created_at)
    assert len(bench.provider.started) == 2
    assert await bench.spent() == 3000
    shown = await bench.live.fetch(live_ask(bench), wait=30)
    assert isinstance(shown, Answer)
    assert shown.picture.image_id == made.output_image_id


async def test_a_retry_may_change_the_request(bench: Bench) -> None:
    old = await failed(bench, seed=7, meta={"a": 1})
    made = await again(bench, old, prompt="a castle", ratio="16:9", model="plain")
    assert (made.original_prompt, made.ratio, made.model) == ("a castle", "16:9", "plain")
    assert (made.seed, dict(made.meta), made.cost_micros) == (7, {"a": 1}, 1000)


async def test_a_retry_of_what_exists_by_now_costs_nothing(bench: Bench) -> None:
    old = await failed(bench)
    await bench.cache.forgive(live_ask(bench).key)
    await bench.make()
    made = await again(bench, old)
    assert (made.id, made.cached, made.cost_micros) == (old.id, True, 0)
    assert len(bench.provider.started) == 2


@pytest.mark.parametrize("status", ["success", "processing", "cancelled"])
async def test_only_a_failed_one_can_be_retried(bench: Bench, status: str) -> None:
    if status == "success":
        made = await bench.make()
    else:
        bench.provider.gate.clear()
        made = (await bench.service.create(bench.owner, wish(), AT_ONCE)).generation
        await bench.provider.waiting.wait()
    if status == "cancelled":
        await bench.service.cancel(bench.project.id, made.id)
    with pytest.raises(NotRetryable):
        await bench.service.retry(bench.owner, made.id, {}, PATIENT)
    assert len(bench.provider.started) == 1


async def test_a_refused_retry_leaves_the_failed_one_as_it_was(bench: Bench) -> None:
    old = await failed(bench)
    bench.admission.left = 0
    with pytest.raises(RateLimitExceeded):
        await bench.service.retry(bench.owner, old.id, {"prompt": "a castle"}, PATIENT)
    row = await bench.row(old)
    assert (row.status, row.error_code, row.original_prompt) == (
        "failed",
        "GENERATOR_FAILED",
        "a lighthouse",
    )
    assert row.retry_count == 0


async def test_two_retries_at_once_are_one(bench: Bench) -> None:
    old = await failed(bench)
    bench.provider.gate.clear()
    bench.provider.waiting.clear()
    first = asyncio.create_task(again(bench, old))
    await bench.provider.waiting.wait()
    with pytest.raises(NotRetryable):
        await bench.service.retry(bench.owner, old.id, {}, PATIENT)
    bench.provider.gate.set()
    assert (await first).retry_count == 1
    assert len(bench.provider.started) == 2


async def test_regenerating_makes_another_picture_and_live_urls_keep_theirs(bench: Bench) -> None:
    first = await bench.make()
    outcome = await bench.service.regenerate(bench.owner, first.id, PATIENT)
    made = outcome.generation
    assert (made.id, made.status, made.cached) == (first.id, "success", False)
    assert made.output_image_id != first.output_image_id
    assert made.identity != first.identity
    shown = await bench.live.fetch(live_ask(bench), wait=30)
    assert isinstance(shown, Answer)
    assert shown.picture.image_id == first.output_image_id
    assert await bench.records.images.find(bench.project.id, first.output_image_id or "")
    assert await bench.spent() == 6000


async def test_regenerating_again_is_new_again_also_with_a_seed(bench: Bench) -> None:
    first = await bench.make(seed=7)
    seeds = [first.seed]
    for _ in range(2):
        outcome = await bench.service.regenerate(bench.owner, first.id, PATIENT)
        seeds.append(outcome.generation.seed)
    assert len(set(seeds)) == 3
    assert len(bench.provider.started) == 3


async def test_two_records_of_one_picture_regenerate_each_for_itself(bench: Bench) -> None:
    first, second = await bench.make(), await bench.make()
    for one in (first, second):
        await bench.service.regenerate(bench.owner, one.id, PATIENT)
    assert len(bench.provider.started) == 3
    assert len({row.output_image_id for row in await bench.rows()}) == 2


async def test_a_regeneration_that_failed_is_retried_as_what_it_was(bench: Bench) -> None:
    first = await bench.make()
    bench.provider.fail_finish = GeneratorFailed()
    outcome = await bench.service.regenerate(bench.owner, first.id, PATIENT)
    assert outcome.generation.status == "failed"
    bench.provider.fail_finish = None
    made = await again(bench, outcome.generation)
    assert not made.cached
    assert made.output_image_id != first.output_image_id


async def test_a_refused_regeneration_keeps_the_old_picture(bench: Bench) -> None:
    first = await bench.make()
    bench.provider.fail_start = ContentRefused()
    with pytest.raises(ContentRefused):
        await bench.service.regenerate(bench.owner, first.id, PATIENT)
    row = await bench.row(first)
    assert (row.status, row.output_image_id) == ("success", first.output_image_id)


async def test_a_changed_prompt_makes_a_picture_under_the_same_id(bench: Bench) -> None:
    first = await bench.make()
    changes = {"prompt": "a castle", "meta": {"n": 1}}
    outcome = await bench.service.edit(bench.owner, first.id, changes, PATIENT)
    made = outcome.generation
    assert (made.id, made.original_prompt, dict(made.meta)) == (first.id, "a castle", {"n": 1})
    assert made.output_image_id != first.output_image_id
    shown = await bench.live.fetch(live_ask(bench, "a castle"), wait=30)
    assert isinstance(shown, Answer)
    assert shown.picture.image_id == made.output_image_id


async def test_a_changed_note_makes_nothing(bench: Bench) -> None:
    first = await bench.make()
    changes = {"prompt": "a lighthouse", "meta": {"n": 1}}
    outcome = await bench.service.edit(bench.owner, first.id, changes, PATIENT)
    assert dict(outcome.generation.meta) == {"n": 1}
    assert len(bench.provider.started) == 1


async def test_a_job_under_way_is_stopped_at_the_provider_and_given_back(bench: Bench) -> None:
    bench.provider.gate.clear()
    bench.provider.fail_cancelled = GeneratorFailed()
    waiting = asyncio.create_task(bench.service.create(bench.owner, wish(), PATIENT))
    await bench.provider.waiting.wait()
    (row,) = await bench.rows()
    assert (await bench.service.cancel(bench.project.id, row.id)).status == "cancelled"
    assert (await waiting).generation.status == "cancelled"
    await bench.work.settle()
    assert bench.provider.cancelled == ["job-1"]
    assert (await bench.row(row)).status == "cancelled"
    assert await bench.spent() == 0


async def test_a_job_that_was_charged_all_the_same_stays_paid(bench: Bench) -> None:
    bench.provider.gate.clear()
    bench.provider.fail_cancelled = GeneratorFailed(spent=True)
    made = (await bench.service.create(bench.owner, wish(), AT_ONCE)).generation
    await bench.provider.waiting.wait()
    await bench.service.cancel(bench.project.id, made.id)
    await bench.work.settle()
    assert await bench.spent() == 3000


async def test_a_cancelled_one_in_the_queue_is_never_started(bench: Bench) -> None:
    bench.running = 1
    bench.build()
    bench.provider.gate.clear()
    await bench.service.create(bench.owner, wish("something else"), AT_ONCE)
    await bench.provider.waiting.wait()
    queued = (await bench.service.create(bench.owner, wish(), AT_ONCE)).generation
    await bench.service.cancel(bench.project.id, queued.id)
    bench.provider.gate.set()
    await bench.work.settle()
    assert [recipe.prompt for recipe in bench.provider.started] == ["something else"]
    assert await bench.spent() == 3000


async def test_cancelled_while_the_job_is_being_sent_it_is_stopped_as_soon_as_known(
    bench: Bench,
) -> None:
    bench.provider.start_gate.clear()
    bench.provider.gate.clear()
    bench.provider.fail_cancelled = GeneratorFailed()
    made = (await bench.service.create(bench.owner, wish(), AT_ONCE)).generation
    await bench.provider.starting.wait()
    await bench.service.cancel(bench.project.id, made.id)
    assert bench.provider.cancelled == []
    bench.provider.start_gate.set()
    await bench.work.settle()
    assert bench.provider.cancelled == ["job-1"]
    assert await bench.spent() == 0


async def test_who_waited_for_a_cancelled_picture_gets_it_at_his_own_cost(bench: Bench) -> None:
    bench.provider.gate.clear()
    bench.provider.fail_cancelled = GeneratorFailed()
    made = (await bench.service.create(bench.owner, wish(), AT_ONCE)).generation
    await bench.provider.waiting.wait()
    joined = asyncio.create_task(bench.make())
    stranger = Owner(bench.project, a_key(bench.project, id="k2"))
    theirs = asyncio.create_task(bench.service.create(stranger, wish(), PATIENT))
    await bench.boarding.passed(3)
    await bench.service.cancel(bench.project.id, made.id)
    assert (await joined).status == "success"
    assert (await theirs).generation.status == "success"
    assert (await bench.row(made)).status == "cancelled"
    assert len(bench.provider.started) == 2
    assert await bench.spent() == 3000


async def test_a_viewer_with_the_same_key_is_told_to_ask_again(bench: Bench) -> None:
    bench.provider.gate.clear()
    bench.provider.fail_cancelled = GeneratorFailed()
    made = (await bench.service.create(bench.owner, wish(), AT_ONCE)).generation
    await bench.provider.waiting.wait()
    viewer = asyncio.create_task(bench.live.fetch(live_ask(bench), wait=30))
    await bench.boarding.passed(2)
    await bench.service.cancel(bench.project.id, made.id)
    with pytest.raises(GenerationCancelled):
        await viewer


async def test_cancelling_what_has_ended_changes_nothing(bench: Bench) -> None:
    made = await bench.make()
    assert (await bench.service.cancel(bench.project.id, made.id)).status == "success"
    assert bench.provider.cancelled == []


async def test_deleting_one_under_way_stops_it(bench: Bench) -> None:
    bench.provider.gate.clear()
    bench.provider.fail_cancelled = GeneratorFailed()
    made = (await bench.service.create(bench.owner, wish(), AT_ONCE)).generation
    await bench.provider.waiting.wait()
    await bench.service.delete(bench.project.id, made.id)
    await bench.work.settle()
    assert bench.provider.cancelled == ["job-1"]
    with pytest.raises(NotFound):
        await bench.service.delete(bench.project.id, made.id)
    assert await bench.spent() == 0
