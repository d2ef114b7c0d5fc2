"""A refusal concerns those it names; everybody else boards the next flight."""

import asyncio

import pytest

from cache.errors import NotAdmitted
from tests.cache.parts import Filler, Shelf, cache_of, key_of


@pytest.fixture
def key():
    return key_of("a red lighthouse")


@pytest.fixture
def store():
    return Shelf()


async def test_a_refused_payer_concerns_that_payer_alone(key, store):
    cause = ValueError("ann's budget is used up")
    anns = Filler(key, payer="ann", error=NotAdmitted("ann", cause))
    bobs, cyds = Filler(key, payer="bob"), Filler(key, payer="cyd")
    anns.may_end.clear()
    cache = cache_of(store=store)
    fetches = [asyncio.create_task(cache.fetch(key, anns, wait=30)) for _ in range(3)]
    await anns.began.wait()
    others = [asyncio.create_task(cache.fetch(key, fill, wait=30)) for fill in (bobs, cyds)]
    await asyncio.sleep(0)
    anns.may_end.set()
    assert await asyncio.gather(*fetches, return_exceptions=True) == [cause] * 3
    found = await asyncio.gather(*others)
    assert sorted(one.how for one in found) == ["coalesced", "miss"]
    assert (anns.calls, bobs.calls + cyds.calls) == (1, 1)


async def test_a_refused_group_concerns_everybody_in_it(key, store):
    cause = ValueError("the budget of the house is used up")
    anns = Filler(key, payer="house/ann", error=NotAdmitted("house", cause))
    bobs, cyds = Filler(key, payer="house/bob"), Filler(key, payer="houses/cyd")
    anns.may_end.clear()
    cache = cache_of(store=store)
    fetches = [asyncio.create_task(cache.fetch(key, fill, wait=30)) for fill in (anns, bobs, cyds)]
    await anns.began.wait()
    await asyncio.sleep(0)
    anns.may_end.set()
    refused, refused_too, found = await asyncio.gather(*fetches, return_exceptions=True)
    assert (refused, refused_too, found.how) == (cause, cause, "miss")
    assert (anns.calls, bobs.calls, cyds.calls) == (1, 0, 1)


async def test_whoever_started_the_flight_is_refused_whatever_the_refusal_is_called(key, store):
    cause = ValueError("no")
    fill = Filler(key, payer="ann", error=NotAdmitted("the house she is a guest of", cause))
    async with asyncio.timeout(5):
        with pytest.raises(ValueError, match="no"):
            await cache_of(store=store).fetch(key, fill, wait=30)
    assert fill.calls == 1
