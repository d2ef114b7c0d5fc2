"""What is gathered before anything is spent: leave, words, and what refuses them."""

from dataclasses import replace

import pytest

from cache.errors import FillFailed, NotAdmitted
from cache.leases import LocalLease
from core.errors import BudgetExhausted, ContentRefused, PolicyUnavailable, RateLimitExceeded
from core.live_request import LiveRequest
from core.models import Enhanced, Project
from core.rendering.commission import Commission
from core.spending.limits import Allowance, Budget
from tests.core.fakes import open_generation
from tests.core.rendering.test_commission import KEY, ORDER, Bench


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


ALLOWANCE = Allowance("address:s1:192.0.2.7", 10)
STRANGERS = replace(ORDER, payer=f"scope:s1/{ALLOWANCE.name}", key_id=None, allowance=ALLOWANCE)


class Gatekeepers:
    """Rates and a policy that note who was asked, and refuse what they are told to."""

    def __init__(self, log: list[str], *, refuse: str = "", silent: bool = False) -> None:
        self._log = log
        self._refuse = refuse
        self._silent = silent

    async def admit(self, whom: str | Allowance) -> None:
        name = whom if isinstance(whom, str) else whom.name
        self._log.append(f"rate of {name}")
        if name == self._refuse:
            raise RateLimitExceeded(retry_after=60)

    async def allows(self, project: Project, prompt: str) -> bool:
        self._log.append(f"policy of {project.path}: {prompt}")
        if self._silent:
            raise PolicyUnavailable(retry_after=5)
        return prompt != self._refuse

    def workshop(self, bench: Bench):
        return replace(bench.workshop, admission=self, addresses=self, policy=self)


@pytest.mark.parametrize(
    ("order", "rate"), [(ORDER, "rate of k1"), (STRANGERS, f"rate of {ALLOWANCE.name}")]
)
async def test_rates_then_the_policy_are_asked_before_the_money(order, rate) -> None:
    bench = Bench()
    asked = Gatekeepers(bench.log)
    await Commission(order, asked.workshop(bench))(LocalLease())
    assert bench.log == [rate, "policy of main/site: a lighthouse", "reserve", "begin", "note_job"]


async def test_a_signature_is_asked_for_no_rate() -> None:
    bench = Bench()
    order = replace(ORDER, payer="scope:s1", key_id=None, scope_id="s1")
    await Commission(order, Gatekeepers(bench.log).workshop(bench))(LocalLease())
    assert bench.log[0] == "policy of main/site: a lighthouse"


async def test_an_address_that_asks_too_often_concerns_itself_alone() -> None:
    bench = Bench()
    asked = Gatekeepers(bench.log, refuse=ALLOWANCE.name)
    with pytest.raises(NotAdmitted) as caught:
        await Commission(STRANGERS, asked.workshop(bench))(LocalLease())
    assert caught.value.payer == STRANGERS.payer
    assert not caught.value.concerns("scope:s1/address:s1:192.0.2.8")
    assert bench.log == [f"rate of {ALLOWANCE.name}"]


async def test_a_refused_prompt_is_everybodys_and_leaves_neither_record_nor_cost() -> None:
    bench = Bench()
    asked = Gatekeepers(bench.log, refuse="a lighthouse")
    with pytest.raises(FillFailed) as caught:
        await Commission(STRANGERS, asked.workshop(bench))(LocalLease())
    assert caught.value.payload["code"] == ContentRefused.code
    assert caught.value.remember == 600
    assert (bench.generations.rows, bench.ledger.reserved) == ({}, {})


async def test_without_a_verdict_nothing_is_made_and_soon_asked_again() -> None:
    bench = Bench()
    with pytest.raises(FillFailed) as caught:
        await Commission(ORDER, Gatekeepers(bench.log, silent=True).workshop(bench))(LocalLease())
    assert (caught.value.payload["code"], caught.value.remember) == ("BUSY", 5)
    assert bench.generator.started == []


async def test_a_prompt_that_was_found_welcome_is_not_asked_about_twice() -> None:
    bench = Bench()
    asked = Gatekeepers(bench.log, refuse="a lighthouse")
    await Commission(replace(ORDER, welcome=True), asked.workshop(bench))(LocalLease())
    assert bench.log == ["rate of k1", "reserve", "begin", "note_job"]


async def test_a_used_up_scope_concerns_its_own_payers_alone() -> None:
    bench = Bench()
    bench.ledger.exhausted = "scope:s1"
    with pytest.raises(NotAdmitted) as caught:
        await Commission(STRANGERS, bench.workshop)(LocalLease())
    assert isinstance(caught.value.cause, BudgetExhausted)
    assert caught.value.concerns(STRANGERS.payer)
    assert caught.value.concerns("scope:s1/key:k1")
    assert not caught.value.concerns("scope:s11")
    assert not caught.value.concerns("key:k1")


async def test_a_used_up_installation_concerns_everybody() -> None:
    bench = Bench()
    bench.ledger.exhausted = ""
    with pytest.raises(FillFailed) as caught:
        await Commission(STRANGERS, bench.workshop)(LocalLease())
    assert caught.value.payload["code"] == BudgetExhausted.code


async def test_the_scopes_budgets_are_taken_with_the_installations() -> None:
    bench = Bench()
    installation = Budget("installation", "day", 10_000)
    scope = Budget("scope:s1:pictures", "total", 30, "pictures", payer="scope:s1")
    order = replace(ORDER, budgets=(scope,))
    await Commission(order, replace(bench.workshop, budgets=(installation,)))(LocalLease())
    assert bench.ledger.asked == [(installation, scope)]
