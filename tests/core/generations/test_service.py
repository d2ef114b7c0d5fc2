"""Generations over REST: one identity is one picture, paid once, whichever door it came through."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copy

import pytest

from core.errors import (
    AliasConflict,
    GeneratorFailed,
    Invalid,
    NotFound,
)
from core.generations.requests import Owner
from core.generations.service import Patience
from core.live import Answer
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

DAILY = (Budget("installation", "day", 10_000),)


@pytest.fixture
async def bench(tmp_path: Path, blank_records: Path) -> AsyncIterator[Bench]:
    copy(blank_records, tmp_path)
    async with bench_in(tmp_path, budgets=DAILY) as bench:
        yield bench


async def test_a_new_picture_is_made_and_paid_under_its_own_id(bench: Bench) -> None:
    made = await bench.make()
    assert (made.status, made.origin, made.cached, made.cost_micros) == (
        "success",
        "rest",
        False,
        3000,
    )
    assert made.job_id == "job-1"
    assert made.key_id == "k1"
    image = await bench.records.images.find(bench.project.id, made.output_image_id or "")
    assert image is not None
    assert (image.generation_id, image.source) == (made.id, "generated")
    assert [row.id for row in await bench.rows()] == [made.id]
    assert await bench.spent() == 3000


async def test_what_the_live_door_made_is_a_hit_for_rest_and_costs_nothing(bench: Bench) -> None:
    shown = await bench.live.fetch(live_ask(bench), wait=30)
    assert isinstance(shown, Answer)
    made = await bench.make()
    assert (made.status, made.cached, made.cost_micros) == ("success", True, 0)
    assert made.output_image_id == shown.picture.image_id
    assert len(bench.provider.started) == 1
    assert bench.admission.asked == ["k1"]
    assert await bench.spent() == 3000


async def test_what_rest_made_is_a_hit_for_the_live_door(bench: Bench) -> None:
    made = await bench.make()
    shown = await bench.live.fetch(live_ask(bench), wait=30)
    assert isinstance(shown, Answer)
    assert (shown.how, shown.picture.image_id) == ("hit", made.output_image_id)
    assert len(bench.provider.started) == 1


async def test_a_herd_through_both_doors_makes_one_picture(bench: Bench) -> None:
    bench.provider.gate.clear()
    herd = [asyncio.create_task(bench.make()) for _ in range(20)]
    await bench.provider.waiting.wait()
    watcher = asyncio.create_task(bench.live.fetch(live_ask(bench), wait=30))
    await bench.boarding.passed(21)
    bench.provider.gate.set()
    made = await asyncio.gather(*herd)
    shown = await watcher
    assert isinstance(shown, Answer)
    assert len(bench.provider.started) == 1
    assert {one.output_image_id for one in made} == {shown.picture.image_id}
    assert sorted(one.cost_micros for one in made) == [*[0] * 19, 3000]
    assert sum(one.cached for one in made) == 19
    assert await bench.spent() == 3000
    assert bench.admission.asked == ["k1"]


async def test_who_waits_for_nothing_is_told_pending_and_finds_the_picture_later(
    bench: Bench,
) -> None:
    bench.provider.gate.clear()
    outcome = await bench.service.create(bench.owner, wish(), AT_ONCE)
    assert (outcome.ended, outcome.generation.status) == (False, "pending")
    await bench.provider.waiting.wait()
    assert (await bench.row(outcome.generation)).status == "processing"
    bench.provider.gate.set()
    await bench.work.settle()
    assert (await bench.row(outcome.generation)).status == "success"


async def test_when_the_wait_ends_the_work_goes_on_as_processing(bench: Bench) -> None:
    bench.provider.gate.clear()
    outcome = await bench.service.create(bench.owner, wish(), Patience(0.01))
    assert (outcome.ended, outcome.generation.status) == (False, "processing")
    bench.provider.gate.set()
    await bench.work.settle()
    assert (await bench.row(outcome.generation)).status == "success"


async def test_a_failed_picture_is_a_record_that_says_so(bench: Bench) -> None:
    bench.provider.fail_finish = GeneratorFailed()
    made = await bench.make()
    assert (made.status, made.error_code, made.output_image_id) == (
        "failed",
        "GENERATOR_FAILED",
        None,
    )
    assert await bench.spent() == 0


async def test_what_is_sent_is_told_beside_what_was_asked(bench: Bench) -> None:
    made = await bench.make("a fox", auto_enhance=True, template="sticker")
    assert made.original_prompt == "a fox"
    assert made.prompt.startswith("a fox, die-cut sticker")
    assert bench.provider.started[0].prompt == made.prompt
    again = await bench.make("a fox", auto_enhance=True, template="sticker")
    assert (again.cached, again.prompt) == (True, made.prompt)


async def test_its_names_lead_to_the_picture(bench: Bench) -> None:
    made = await bench.make(alias="@hero", flow_alias="@main")
    assert made.flow_id is not None
    images, project_id = bench.records.images, bench.project.id
    by_alias = await images.by_project_alias(project_id, "@hero")
    by_flow = await images.by_flow_alias(project_id, made.flow_id, "@main")
    assert by_alias is not None
    assert by_flow is not None
    assert by_alias.id == by_flow.id == made.output_image_id


async def test_a_hit_moves_the_names_to_the_picture_that_exists(bench: Bench) -> None:
    old = await bench.make("a castle", alias="@hero")
    await bench.make()
    again = await bench.make(alias="@hero", flow_alias="@main")
    assert again.cached
    holder = await bench.records.images.by_project_alias(bench.project.id, "@hero")
    assert holder is not None
    assert holder.id == again.output_image_id != old.output_image_id


async def test_a_taken_name_may_be_left_alone(bench: Bench) -> None:
    await bench.make("a castle", alias="@hero")
    with pytest.raises(AliasConflict):
        await bench.service.create(bench.owner, wish(alias="@hero"), PATIENT, move=False)
    assert len(bench.provider.started) == 1


async def test_a_record_lost_with_the_database_is_written_anew_from_the_picture(
    bench: Bench, tmp_path: Path
) -> None:
    made = await bench.make()
    async with bench_in(tmp_path / "fresh", store=bench.store) as fresh:
        again = await fresh.make()
        assert (again.cached, again.output_image_id) == (True, made.output_image_id)
        image = await fresh.records.images.find(fresh.project.id, made.output_image_id or "")
        assert image is not None
        assert (image.width, image.height, image.generation_id) == (64, 64, made.id)
        assert fresh.provider.started == []


async def test_a_deleted_picture_asked_for_again_has_another_record(bench: Bench) -> None:
    made = await bench.make()
    await bench.service.delete(bench.project.id, made.id)
    with pytest.raises(NotFound):
        await bench.row(made)
    again = await bench.make()
    image = await bench.records.images.find(bench.project.id, again.output_image_id or "")
    assert image is not None
    assert image.id != made.output_image_id
    assert image.generation_id == again.id
    assert len(bench.provider.started) == 1


async def test_another_projects_generation_is_nowhere(bench: Bench) -> None:
    made = await bench.make()
    stranger = await bench.records.tenants.ensure("other", "site", "page")
    for attempt in (
        bench.service.find(stranger.id, made.id),
        bench.service.cancel(stranger.id, made.id),
        bench.service.delete(stranger.id, made.id),
    ):
        with pytest.raises(NotFound):
            await attempt
    theirs = Owner(stranger, a_key(stranger))
    outcome = await bench.service.create(theirs, wish(), PATIENT)
    assert not outcome.generation.cached


async def test_a_ratio_the_model_does_not_make_is_refused(bench: Bench) -> None:
    with pytest.raises(Invalid) as caught:
        await bench.make(ratio="9:16")
    assert caught.value.fields[0].name == "aspectRatio"
