"""What new pictures through a scope count in, and whom it concerns when that is used up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from shutil import copy

import pytest

from cache.rates import LocalRates
from core.errors import (
    BudgetExhausted,
    ContentRefused,
    EdgeError,
    GeneratorFailed,
    RateLimitExceeded,
    SpendingNotAllowed,
)
from core.live import Answer
from core.live_request import LiveRequest
from core.models import Scope
from core.spending.admission import HourlyAddresses
from core.spending.limits import Budget
from core.spending.policy import DenyList
from core.spending.visitor import Noted, Visitor
from tests.core.generation_bench import PATIENT, Bench, bench_in, wish

ANN, BOB = Noted(address="192.0.2.1"), Noted(address="192.0.2.2")


@pytest.fixture
async def bench(tmp_path: Path, blank_records: Path) -> AsyncIterator[Bench]:
    copy(blank_records, tmp_path)
    async with bench_in(tmp_path) as bench:
        bench.addresses = HourlyAddresses(LocalRates())
        bench.build()
        yield bench


@pytest.fixture
async def scope(bench: Bench) -> Scope:
    """Open to everybody, for two pictures."""
    founded = await bench.records.tenants.scope(bench.project.id, "page")
    assert founded is not None
    return replace(founded, require_signature="false", new_generations_limit=2)


async def look(
    bench: Bench,
    scope: Scope,
    prompt: str,
    who: Noted = ANN,
    **proof: object,
) -> Answer:
    visitor = Visitor(bench.project, scope=scope, circumstances=who, **proof)  # type: ignore[arg-type]  # by name
    found = await bench.live.fetch(bench.live.decide(visitor, LiveRequest(prompt, "1:1")), wait=30)
    assert isinstance(found, Answer)
    return found


async def refusal(
    bench: Bench, scope: Scope, prompt: str, who: Noted = ANN, **proof: object
) -> EdgeError:
    with pytest.raises(EdgeError) as refused:
        await look(bench, scope, prompt, who, **proof)
    return refused.value


async def counted(bench: Bench, scope: Scope) -> int:
    return await bench.records.ledger.taken(f"scope:{scope.id}:pictures", "total")


async def test_a_scope_makes_as_many_pictures_as_it_may_and_shows_them_for_ever(bench, scope):
    for prompt in ("one", "two", "one", "two"):
        await look(bench, scope, prompt)
    refused = await refusal(bench, scope, "three")
    assert isinstance(refused, BudgetExhausted)
    assert (refused.status, refused.detail, refused.retry_after) == (429, "budget", None)
    assert (await look(bench, scope, "one")).how == "hit"
    assert len(bench.provider.started) == await counted(bench, scope) == 2


@pytest.mark.parametrize("proof", ["key", "signature"])
async def test_keys_and_signatures_count_in_the_scope_they_come_through(bench, scope, proof):
    given = {"key": bench.owner.key} if proof == "key" else {"expires_at": 2_000_000_000}
    await look(bench, scope, "one")
    await look(bench, scope, "two", **given)
    assert isinstance(await refusal(bench, scope, "three", **given), BudgetExhausted)
    assert isinstance(await refusal(bench, scope, "three"), BudgetExhausted)
    await bench.make("by the key alone, through no scope")


async def test_a_limit_of_none_makes_nothing(bench, scope):
    none = replace(scope, new_generations_limit=0)
    assert isinstance(await refusal(bench, none, "one"), BudgetExhausted)
    assert bench.provider.started == []


async def test_what_was_not_made_is_not_counted(bench, scope):
    bench.provider.fail_start = GeneratorFailed()
    assert isinstance(await refusal(bench, scope, "one"), GeneratorFailed)
    assert await counted(bench, scope) == 0
    bench.provider.fail_start = None
    await look(bench, scope, "two")
    await look(bench, scope, "three")


async def test_what_was_paid_is_counted_although_nothing_came(bench, scope):
    bench.provider.fail_finish = GeneratorFailed(spent=True)
    assert isinstance(await refusal(bench, scope, "one"), GeneratorFailed)
    assert await counted(bench, scope) == 1


async def test_a_scope_spends_its_money_and_not_more(bench, scope):
    bench.budgets = (Budget("installation", "day", 1_000_000),)
    bench.build()
    dear = replace(
        scope, new_generations_limit=100, budget_micros=2 * 3000 + 2999, budget_window="hour"
    )
    for prompt in ("one", "two"):
        await look(bench, dear, prompt)
    refused = await refusal(bench, dear, "three")
    assert isinstance(refused, BudgetExhausted)
    assert refused.retry_after is not None
    assert 0 < refused.retry_after <= 3600
    # Another scope of the same project, and keys, have money of their own.
    await look(bench, replace(dear, id="other"), "three")
    await bench.make("four")
    assert await bench.spent() == 4 * 3000


async def test_a_used_up_scope_is_not_the_others_who_waited(bench, scope):
    """Through it came who started the flight; whoever had joined it boards the next."""
    bench.running = 1
    bench.build()
    bench.provider.gate.clear()
    busy = asyncio.create_task(bench.make("something else"))
    await bench.provider.waiting.wait()
    none = replace(scope, new_generations_limit=0)
    refused = asyncio.create_task(refusal(bench, none, "wanted"))
    await bench.boarding.passed(2)
    refused_too = asyncio.create_task(refusal(bench, none, "wanted", BOB))
    await bench.boarding.passed(3)
    by_key = asyncio.create_task(bench.service.create(bench.owner, wish("wanted"), PATIENT))
    through_another = asyncio.create_task(look(bench, replace(scope, id="other"), "wanted"))
    await bench.boarding.passed(5)
    bench.provider.gate.set()
    await busy
    assert isinstance(await refused, BudgetExhausted)
    assert isinstance(await refused_too, BudgetExhausted)
    assert (await by_key).generation.status == "success"
    assert (await through_another).how in ("miss", "coalesced")
    assert len(bench.provider.started) == 2


async def test_an_address_may_start_so_many_and_join_and_look_as_it_likes(bench, scope):
    wide = replace(scope, new_generations_limit=100, per_address_limit=1)
    await look(bench, wide, "one")
    refused = await refusal(bench, wide, "two")
    assert isinstance(refused, RateLimitExceeded)
    assert (refused.status, refused.code) == (429, "RATE_LIMIT_EXCEEDED")
    assert refused.retry_after == pytest.approx(3600, abs=60)
    assert (await look(bench, wide, "one")).how == "hit"
    bench.provider.waiting.clear()
    bench.provider.gate.clear()
    theirs = asyncio.create_task(look(bench, wide, "two", BOB))
    await bench.provider.waiting.wait()
    joined = asyncio.create_task(look(bench, wide, "two"))
    await bench.boarding.passed(4)
    bench.provider.gate.set()
    assert [(await theirs).how, (await joined).how] == ["miss", "coalesced"]
    assert await counted(bench, wide) == 2


async def test_an_address_is_counted_through_each_scope_by_itself(bench, scope):
    wide = replace(scope, per_address_limit=1)
    await look(bench, wide, "one")
    await look(bench, replace(wide, id="other"), "two")
    assert isinstance(await refusal(bench, wide, "three"), RateLimitExceeded)


async def test_who_may_start_nothing_is_not_told_to_wait(bench, scope):
    refused = await refusal(bench, replace(scope, per_address_limit=0), "one")
    assert isinstance(refused, RateLimitExceeded)
    assert refused.retry_after is None


async def test_signatures_and_keys_have_no_address(bench, scope):
    wide = replace(scope, new_generations_limit=100, per_address_limit=1)
    for number in range(3):
        await look(bench, wide, f"signed {number}", expires_at=2_000_000_000)
        await look(bench, wide, f"keyed {number}", key=bench.owner.key)
    await look(bench, wide, "by the address itself")


async def test_an_address_over_its_limit_is_not_the_others_who_waited(bench, scope):
    wide = replace(scope, new_generations_limit=100, per_address_limit=1)
    await look(bench, wide, "one")
    bench.running = 1
    bench.build()
    bench.provider.waiting.clear()
    bench.provider.gate.clear()
    busy = asyncio.create_task(bench.make("something else"))
    await bench.provider.waiting.wait()
    anns = asyncio.create_task(refusal(bench, wide, "wanted"))
    await bench.boarding.passed(3)
    bobs = asyncio.create_task(look(bench, wide, "wanted", BOB))
    await bench.boarding.passed(4)
    bench.provider.gate.set()
    await busy
    assert isinstance(await anns, RateLimitExceeded)
    assert (await bobs).how in ("miss", "coalesced")


async def test_a_denied_prompt_is_refused_once_for_everybody_and_costs_nobody(bench, scope):
    bench.policy = DenyList(["casino"])
    bench.build()
    for who in (ANN, BOB):
        refused = await refusal(bench, scope, "a casino", who)
        assert isinstance(refused, ContentRefused)
    assert bench.provider.started == []
    assert await bench.rows() == []
    assert await counted(bench, scope) == 0
    await look(bench, scope, "a lighthouse")


async def test_what_is_stored_is_shown_although_it_would_be_denied_now(bench, scope):
    await look(bench, scope, "a casino")
    bench.policy = DenyList(["casino"])
    bench.build()
    assert (await look(bench, scope, "a casino")).how == "hit"


async def test_who_may_not_spend_does_not_join_either(bench, scope):
    bench.provider.gate.clear()
    theirs = asyncio.create_task(look(bench, scope, "one"))
    await bench.provider.waiting.wait()
    crawler = replace(BOB, automated=True)
    assert isinstance(await refusal(bench, scope, "one", crawler), SpendingNotAllowed)
    bench.provider.gate.set()
    await theirs
    assert (await look(bench, scope, "one", crawler)).how == "hit"
