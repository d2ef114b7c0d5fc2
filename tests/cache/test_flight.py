"""Work that outlives its callers."""

import asyncio

import pytest

from cache.errors import Draining, FlightBroken, FlightsFull
from cache.flight import Flights
from tests.cache.parts import until


@pytest.fixture
def flights():
    return Flights(max_flights=2, max_waiters=3)


class Work:
    def __init__(self, error=None):
        self.calls = 0
        self.error = error
        self.may_end = asyncio.Event()

    async def __call__(self):
        self.calls += 1
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        return "done"


async def _ride(flights, name, work):
    flight, started = flights.board(name, work)
    await flight.wait(None)
    return flight.result(), started


async def test_whoever_comes_later_joins(flights):
    work = Work()
    riders = [asyncio.create_task(_ride(flights, "a", work)) for _ in range(3)]
    await until(lambda: work.calls == 1)
    assert "a" in flights
    work.may_end.set()
    assert await asyncio.gather(*riders) == [("done", True), ("done", False), ("done", False)]
    assert "a" not in flights
    assert work.calls == 1


async def test_a_leaving_caller_does_not_end_the_flight(flights):
    work = Work()
    first = asyncio.create_task(_ride(flights, "a", work))
    second = asyncio.create_task(_ride(flights, "a", work))
    await until(lambda: work.calls == 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.may_end.set()
    assert await second == ("done", False)


async def test_a_flight_all_have_left_ends_quietly(flights, recwarn):
    work = Work(error=ValueError("nobody asks"))
    flight, _ = flights.board("a", work)
    assert not await flight.wait(0)
    work.may_end.set()
    await until(lambda: "a" not in flights)
    del flight
    assert not recwarn.list


@pytest.mark.parametrize("error", [ValueError("v"), MemoryError("m")])
async def test_an_error_is_the_same_for_all(flights, error):
    work = Work(error)
    riders = [asyncio.create_task(_ride(flights, "a", work)) for _ in range(3)]
    await until(lambda: work.calls == 1)
    work.may_end.set()
    results = await asyncio.gather(*riders, return_exceptions=True)
    assert all(result is error for result in results)


async def test_a_thousand_waiters_do_not_lengthen_the_traceback():
    flights, work = Flights(max_flights=1, max_waiters=1000), Work(ValueError("v"))
    riders = [asyncio.create_task(_ride(flights, "a", work)) for _ in range(1000)]
    work.may_end.set()
    results = await asyncio.gather(*riders, return_exceptions=True)
    depth, traceback = 0, results[0].__traceback__
    while traceback is not None:
        depth, traceback = depth + 1, traceback.tb_next
    assert depth < 10


async def test_a_cancellation_inside_wakes_all_with_an_error(flights):
    work = Work(asyncio.CancelledError())
    riders = [asyncio.create_task(_ride(flights, "a", work)) for _ in range(3)]
    await until(lambda: work.calls == 1)
    work.may_end.set()
    results = await asyncio.gather(*riders, return_exceptions=True)
    assert [type(result) for result in results] == [FlightBroken] * 3


async def test_a_wait_of_nothing_starts_the_work(flights):
    work = Work()
    flight, started = flights.board("a", work)
    assert started
    assert not await flight.wait(0)
    await until(lambda: work.calls == 1)
    work.may_end.set()
    assert await flight.wait(1)
    assert flight.result() == "done"


async def test_both_bounds_hold(flights):
    work = Work()
    riders = [asyncio.create_task(_ride(flights, "a", work)) for _ in range(4)]
    await until(riders[3].done)
    with pytest.raises(FlightsFull):
        riders[3].result()
    flights.board("b", work)
    with pytest.raises(FlightsFull):
        flights.board("c", work)
    work.may_end.set()
    assert await riders[0] == ("done", True)
    assert await asyncio.gather(*riders[1:3]) == [("done", False)] * 2
    assert await flights.drain(1) == 0


async def test_draining_waits_for_what_is_under_way(flights):
    work = Work()
    rider = asyncio.create_task(_ride(flights, "a", work))
    await until(lambda: work.calls == 1)
    draining = asyncio.create_task(flights.drain(5))
    await asyncio.sleep(0)
    with pytest.raises(Draining):
        flights.board("b", work)
    joining = asyncio.create_task(_ride(flights, "a", work))
    await asyncio.sleep(0)
    work.may_end.set()
    assert await draining == 0
    assert await rider == ("done", True)
    assert await joining == ("done", False)


async def test_draining_cuts_short_what_takes_too_long(flights):
    work = Work()
    rider = asyncio.create_task(_ride(flights, "a", work))
    await until(lambda: work.calls == 1)
    assert await flights.drain(0) == 1
    with pytest.raises(Draining):
        await rider
