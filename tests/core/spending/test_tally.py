"""Hits are counted in memory, and none is lost or counted twice on the way to the records."""

import asyncio
from collections.abc import Mapping

import pytest

from core.errors import RecordsUnavailable
from core.spending.tally import Tally, Whose


class Book:
    """Adds up what it is told; waits and refuses at the test's word."""

    def __init__(self) -> None:
        self.sums: dict[Whose, int] = {}
        self.writes = 0
        self.failure: Exception | None = None
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def add_hits(self, counts: Mapping[Whose, int]) -> None:
        self.asked.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.writes += 1
        for whose, hits in counts.items():
            self.sums[whose] = self.sums.get(whose, 0) + hits


@pytest.fixture
def book() -> Book:
    return Book()


def hit(tally: Tally, times: int, scope_id: str | None = "s") -> None:
    for _ in range(times):
        tally.counter("p", scope_id).hits += 1


async def test_sums_are_written_once(book: Book) -> None:
    tally = Tally(book)
    hit(tally, 3)
    hit(tally, 2, None)
    await tally.flush()
    await tally.flush()
    assert book.sums == {("p", "s"): 3, ("p", ""): 2}
    assert book.writes == 1


async def test_what_the_records_refuse_is_kept_for_the_next_time(book: Book) -> None:
    tally = Tally(book)
    hit(tally, 3)
    book.failure = RecordsUnavailable()
    await tally.flush()
    hit(tally, 1)
    book.failure = None
    await tally.flush()
    assert book.sums == {("p", "s"): 4}


async def test_hits_during_a_write_belong_to_the_next(book: Book) -> None:
    tally = Tally(book)
    hit(tally, 3)
    book.gate.clear()
    writing = asyncio.create_task(tally.flush())
    await book.asked.wait()
    hit(tally, 4)
    book.gate.set()
    await writing
    assert book.sums == {("p", "s"): 3}
    await tally.flush()
    assert book.sums == {("p", "s"): 7}


async def test_two_who_write_at_once_write_each_hit_once(book: Book) -> None:
    tally = Tally(book)
    hit(tally, 5)
    await asyncio.gather(*(tally.flush() for _ in range(5)))
    assert book.sums == {("p", "s"): 5}


async def test_a_write_that_is_cut_short_is_made_up_for(book: Book) -> None:
    tally = Tally(book)
    hit(tally, 3)
    book.gate.clear()
    writing = asyncio.create_task(tally.flush())
    await book.asked.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    book.gate.set()
    await tally.flush()
    assert book.sums == {("p", "s"): 3}


async def test_it_writes_by_itself(book: Book) -> None:
    tally = Tally(book, every=0.001)
    hit(tally, 1)
    running = asyncio.create_task(tally.run())
    await book.asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await tally.flush()
    assert book.sums == {("p", "s"): 1}
