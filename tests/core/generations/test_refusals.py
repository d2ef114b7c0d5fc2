"""Generations that are refused before anything is spent leave no record, and hits go on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copy

import pytest

from core.errors import (
    BudgetExhausted,
    ContentRefused,
    Forbidden,
    GeneratorFailed,
    PolicyUnavailable,
    RateLimitExceeded,
    SpendingNotAllowed,
)
from core.generations.requests import Owner
from core.generations.service import Patience
from core.listing import Window
from core.models import Project
from core.spending.limits import Budget
from core.spending.policy import DenyList
from tests.core.generation_bench import AT_ONCE, PATIENT, Bench, a_key, bench_in, wish

DAILY = (Budget("installation", "day", 10_000),)


@pytest.fixture
async def bench(tmp_path: Path, blank_records: Path) -> AsyncIterator[Bench]:
    copy(blank_records, tmp_path)
    async with bench_in(tmp_path, budgets=DAILY) as bench:
        yield bench


async def test_an_exhausted_budget_refuses_and_leaves_no_record(bench: Bench) -> None:
    bench.budgets = (Budget("installation", "day", 2999),)
    bench.build()
    with pytest.raises(BudgetExhausted):
        await bench.make()
    assert await bench.rows() == []
    assert bench.provider.started == []


async def test_a_used_up_rate_refuses_and_leaves_no_record(bench: Bench) -> None:
    bench.admission.left = 0
    with pytest.raises(RateLimitExceeded) as caught:
        await bench.make()
    assert caught.value.retry_after == 60
    assert await bench.rows() == []
    assert await bench.spent() == 0


async def test_a_used_up_rate_still_serves_what_is_stored(bench: Bench) -> None:
    await bench.make()
    bench.admission.left = 0
    assert (await bench.make()).cached


async def test_a_prompt_the_provider_refuses_leaves_no_record(bench: Bench) -> None:
    bench.provider.fail_start = ContentRefused()
    with pytest.raises(ContentRefused):
        await bench.make()
    assert await bench.rows() == []
    with pytest.raises(ContentRefused):
        await bench.make()
    assert await bench.spent() == 0


@pytest.mark.parametrize("patience", [PATIENT, AT_ONCE])
async def test_a_denied_prompt_is_refused_at_once_and_leaves_no_record(
    bench: Bench, patience: Patience
) -> None:
    bench.policy = DenyList(["casino"])
    bench.build()
    with pytest.raises(ContentRefused):
        await bench.service.create(bench.owner, wish("a casino", flow_alias="@main"), patience)
    assert await bench.rows() == []
    assert (await bench.records.flows.listed(bench.project.id, Window())).rows == ()
    assert (await bench.spent(), bench.admission.asked, bench.provider.started) == (0, [], [])
    await bench.make("a lighthouse")


async def test_a_denied_prompt_makes_no_other_attempt_and_changes_no_record(bench: Bench) -> None:
    bench.provider.fail_start = GeneratorFailed()
    failed = await bench.make("a casino")
    bench.provider.fail_start = None
    made = await bench.make("a lighthouse")
    bench.policy = DenyList(["casino", "lighthouse"])
    bench.build()
    service, owner = bench.service, bench.owner
    for again in (
        service.retry(owner, failed.id, {}, PATIENT),
        service.retry(owner, failed.id, {"prompt": "two casino doors"}, PATIENT),
        service.regenerate(owner, made.id, PATIENT),
        service.edit(owner, made.id, {"prompt": "a lighthouse by night"}, PATIENT),
    ):
        with pytest.raises(ContentRefused):
            await again
    assert await bench.row(failed) == failed
    assert await bench.row(made) == made
    assert len(bench.provider.started) == 1
    assert (await bench.make("a lighthouse")).cached


async def test_without_a_verdict_nothing_is_made_and_no_record_left(bench: Bench) -> None:
    class Silent:
        async def allows(self, project: Project, prompt: str) -> bool:
            raise PolicyUnavailable(retry_after=5)

    bench.policy = Silent()
    bench.build()
    with pytest.raises(PolicyUnavailable):
        await bench.make()
    assert await bench.rows() == []


async def test_a_policy_is_asked_once_for_each_generation(bench: Bench) -> None:
    asked = []

    class Noting:
        async def allows(self, project: Project, prompt: str) -> bool:
            asked.append((project.path, prompt))
            return True

    bench.policy = Noting()
    bench.build()
    await bench.make()
    await bench.make()
    assert asked == [("main/site", "a lighthouse")]


@pytest.mark.parametrize("patience", [AT_ONCE, Patience(0.0), Patience(30.0, respond_async=True)])
async def test_whoever_goes_away_at_once_hears_first_that_nothing_is_left(
    bench: Bench, patience: Patience
) -> None:
    bench.admission.left = 0
    with pytest.raises(RateLimitExceeded) as slow:
        await bench.service.create(bench.owner, wish(flow_alias="@main"), patience)
    assert slow.value.retry_after == 60
    bench.admission.left = 10
    bench.budgets = (Budget("installation", "day", 2999),)
    bench.build()
    with pytest.raises(BudgetExhausted) as spent:
        await bench.service.create(bench.owner, wish(), patience)
    assert 1 <= (spent.value.retry_after or 0) <= 86_400
    assert await bench.rows() == []
    assert (await bench.records.flows.listed(bench.project.id, Window())).rows == ()
    # Only looked at.
    assert (bench.admission.asked, bench.admission.left, await bench.spent()) == ([], 10, 0)


async def test_another_attempt_that_could_not_be_paid_leaves_the_old_one(bench: Bench) -> None:
    made = await bench.make()
    bench.admission.left = 0
    with pytest.raises(RateLimitExceeded):
        await bench.service.regenerate(bench.owner, made.id, AT_ONCE)
    assert await bench.row(made) == made


async def test_whoever_joins_work_under_way_needs_nothing_left(bench: Bench) -> None:
    bench.provider.gate.clear()
    first = await bench.service.create(bench.owner, wish(), AT_ONCE)
    await bench.provider.waiting.wait()
    bench.admission.left = 0
    second = await bench.service.create(bench.owner, wish(), AT_ONCE)
    bench.provider.gate.set()
    await bench.work.settle()
    rows = [await bench.row(one.generation) for one in (first, second)]
    assert [(row.status, row.cached) for row in rows] == [("success", False), ("success", True)]


async def test_refused_after_its_id_was_told_it_stays_as_failed(bench: Bench) -> None:
    class TakenMeanwhile:
        async def admit(self, key: str) -> None:
            raise RateLimitExceeded(retry_after=60)

    bench.admission.admit = TakenMeanwhile().admit  # type: ignore[method-assign]  # the fake's own
    outcome = await bench.service.create(bench.owner, wish(), AT_ONCE)
    await bench.work.settle()
    row = await bench.row(outcome.generation)
    assert (row.status, row.error_code) == ("failed", "RATE_LIMIT_EXCEEDED")


async def test_one_callers_used_up_rate_is_not_the_others_who_waited(bench: Bench) -> None:
    """The refused one had started the flight; whoever had joined it boards the next."""
    bench.running = 1
    bench.build()
    bench.provider.gate.clear()
    busy = asyncio.create_task(bench.make("something else"))
    await bench.provider.waiting.wait()
    bench.admission.left = 0
    refused = asyncio.create_task(bench.make())
    await bench.boarding.passed(2)
    key = a_key(bench.project, id="k2")
    other = asyncio.create_task(bench.service.create(Owner(bench.project, key), wish(), PATIENT))
    await bench.boarding.passed(3)

    class OnlyFirst:
        async def admit(self, key: str) -> None:
            if key == "k1":
                raise RateLimitExceeded(retry_after=60)

    bench.admission.admit = OnlyFirst().admit  # type: ignore[method-assign]  # the fake's own
    bench.provider.gate.set()
    await busy
    with pytest.raises(RateLimitExceeded):
        await refused
    assert (await other).generation.status == "success"


async def test_the_kill_switch_serves_what_is_stored_and_makes_nothing(bench: Bench) -> None:
    await bench.make()
    bench.spending = False
    bench.build()
    assert (await bench.make()).cached
    with pytest.raises(SpendingNotAllowed):
        await bench.make("a castle")
    assert len(bench.provider.started) == 1


async def test_a_key_makes_pictures_with_its_own_models_only(bench: Bench) -> None:
    key = a_key(bench.project, allowed_models=("plain",))
    owner = Owner(bench.project, key)
    with pytest.raises(Forbidden):
        await bench.service.create(owner, wish(), PATIENT)
    outcome = await bench.service.create(owner, wish(model="plain"), PATIENT)
    assert outcome.generation.cost_micros == 1000


async def test_a_flow_made_for_a_refused_generation_goes_with_it(bench: Bench) -> None:
    bench.admission.left = 0
    with pytest.raises(RateLimitExceeded):
        await bench.make(flow_alias="@main")
    listing = await bench.records.flows.listed(bench.project.id, Window())
    assert listing.rows == ()
