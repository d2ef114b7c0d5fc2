"""What failed a moment ago fails at once, for as long as it should and no longer."""

import pytest

from cache.errors import FillFailed
from cache.failures import LocalFailures
from tests.cache.failing import NAME, REFUSED, SICK, Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def local(clock):
    return LocalFailures(clock=clock)


async def test_a_failure_is_remembered_for_its_time(local, clock):
    await local.remember(NAME, REFUSED)
    clock.now += 599
    remembered = await local.recall(NAME)
    assert remembered.payload == REFUSED.payload
    assert remembered.remember == pytest.approx(1)
    clock.now += 2
    assert await local.recall(NAME) is None


async def test_failures_in_a_row_double_up_to_a_minute(local, clock):
    holds = []
    for _ in range(6):
        await local.remember(NAME, SICK)
        holds.append((await local.recall(NAME)).remember)
        clock.now += holds[-1] + 1
    assert holds == pytest.approx([5, 10, 20, 40, 60, 60])


async def test_a_success_ends_the_row(local):
    await local.remember(NAME, SICK)
    await local.forget(NAME)
    assert await local.recall(NAME) is None
    await local.remember(NAME, SICK)
    assert (await local.recall(NAME)).remember == pytest.approx(5)


async def test_a_long_quiet_ends_the_row(local, clock):
    await local.remember(NAME, SICK)
    clock.now += 5 + 61
    await local.remember(NAME, SICK)
    assert (await local.recall(NAME)).remember == pytest.approx(5)


async def test_a_provider_s_pause_is_kept_as_it_was_told(local):
    for _ in range(3):
        await local.remember(NAME, FillFailed({"code": "GENERATOR_BUSY"}, remember=7))
    assert (await local.recall(NAME)).remember == pytest.approx(7)


async def test_some_failures_are_not_worth_remembering(local):
    await local.remember(NAME, FillFailed({"code": "BUSY"}, remember=0, doubling=True))
    assert await local.recall(NAME) is None


async def test_what_is_remembered_is_bounded(local):
    for number in range(10_001):
        await local.remember(str(number), REFUSED)
    assert await local.recall("0") is None
    assert await local.recall("10000")
