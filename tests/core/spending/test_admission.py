"""A key starts as much as its rate allows, and nothing where nobody can count."""

import asyncio
import time

import pytest

from cache.errors import CoordinatorUnavailable
from cache.rates import LocalRates, RateLimit, Taken
from core.errors import CoordinatorDown, RateLimitExceeded
from core.spending.admission import AnyAddress, HourlyAddresses, KeyAdmission, Unlimited
from core.spending.limits import Allowance, RateState

HOURLY = RateLimit(count=3, seconds=3600)


class Away:
    """Rates that cannot be reached."""

    async def take(self, name: str, limit: RateLimit) -> Taken:
        raise CoordinatorUnavailable("away")

    look = take


async def test_a_key_may_start_as_much_as_its_rate_allows():
    admission = KeyAdmission(LocalRates(), HOURLY)
    answers = await asyncio.gather(
        *(admission.admit("ann") for _ in range(10)), return_exceptions=True
    )
    refused = [answer for answer in answers if answer is not None]
    assert len(refused) == 7
    assert all(isinstance(answer, RateLimitExceeded) for answer in refused)
    assert all(1190 < answer.retry_after <= 1201 for answer in refused)
    await admission.admit("bob")


async def test_the_state_is_told_without_counting():
    admission = KeyAdmission(LocalRates(wall=lambda: 1000.5), HOURLY)
    assert await admission.state("ann") == RateState(limit=3, remaining=3, reset=1001)
    await admission.admit("ann")
    assert await admission.state("ann") == RateState(limit=3, remaining=2, reset=2201)
    assert await admission.state("ann") == RateState(limit=3, remaining=2, reset=2201)


async def test_what_a_look_would_refuse_the_next_piece_of_work_is_refused_with() -> None:
    admission = KeyAdmission(LocalRates(clock=lambda: 0.0), HOURLY)
    for _ in range(3):
        await admission.ensure_left("ann")
        await admission.admit("ann")
    refusals = []
    for ask in (admission.ensure_left, admission.ensure_left, admission.admit):
        with pytest.raises(RateLimitExceeded) as caught:
            await ask("ann")
        refusals.append(caught.value.retry_after)
    assert refusals == [1200, 1200, 1200]
    await admission.ensure_left("bob")


async def test_where_nobody_can_count_nothing_is_spent():
    admission = KeyAdmission(Away(), HOURLY)
    for ask in (admission.admit, admission.ensure_left):
        with pytest.raises(CoordinatorDown) as caught:
            await ask("ann")
        assert caught.value.retry_after == 5
    state = await admission.state("ann")
    assert (state.limit, state.remaining) == (3, 0)
    assert time.time() < state.reset <= time.time() + 7


async def test_without_a_limit_everybody_may():
    for _ in range(1000):
        await Unlimited().admit("ann")
        await Unlimited().ensure_left("ann")
    assert await Unlimited().state("ann") == RateState(0, 0, 0)


async def test_an_address_may_start_as_much_as_its_allowance_says():
    addresses = HourlyAddresses(LocalRates())
    anns, bobs = Allowance("address:s1:ann", 3), Allowance("address:s1:bob", 1)
    answers = await asyncio.gather(
        *(addresses.admit(anns) for _ in range(10)), return_exceptions=True
    )
    refused = [answer for answer in answers if answer is not None]
    assert len(refused) == 7
    assert all(isinstance(answer, RateLimitExceeded) for answer in refused)
    assert all(1190 < answer.retry_after <= 1201 for answer in refused)
    await addresses.admit(bobs)


async def test_an_allowance_of_nothing_refuses_for_ever():
    with pytest.raises(RateLimitExceeded) as caught:
        await HourlyAddresses(LocalRates()).admit(Allowance("address:s1:ann", 0))
    assert caught.value.retry_after is None


async def test_where_no_address_can_be_counted_nothing_is_spent():
    with pytest.raises(CoordinatorDown) as caught:
        await HourlyAddresses(Away()).admit(Allowance("address:s1:ann", 3))
    assert caught.value.retry_after == 5


async def test_where_nobody_counts_addresses_everybody_may():
    for _ in range(1000):
        await AnyAddress().admit(Allowance("address:s1:ann", 0))
