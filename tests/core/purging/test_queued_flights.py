"""What is taken down while its generation waits for its turn is not made any more."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

from core.errors import Gone
from core.live_request import LiveRequest
from core.models import Generation
from core.purging.service import ByPrompt
from core.rendering.orders import Order, generation_of
from core.spending.limits import Budget
from tests.core.generation_bench import (
    AT_ONCE,
    PAID,
    PATIENT,
    Bench,
    bench_in,
    live_ask,
    wish,
)

REQUEST = LiveRequest("a lighthouse", "1:1")
DAILY = (Budget("installation", "day", 1_000_000),)


@dataclass
class Queue:
    """Somebody else's picture holds the only place there is."""

    bench: Bench
    first: asyncio.Task[object]

    async def join(self, *waiting: Coroutine[Any, Any, Any]) -> list[asyncio.Task[Any]]:
        tasks = [asyncio.create_task(one) for one in waiting]
        await self.bench.boarding.passed(1 + len(tasks))
        return tasks

    async def take_down(self) -> None:
        await self.bench.purging.purge(self.bench.project, ByPrompt(REQUEST), tombstone=True)

    async def move(self) -> None:
        self.bench.provider.gate.set()
        await self.first


@pytest.fixture
async def queue(tmp_path: Path, blank_records: Path) -> AsyncIterator[Queue]:
    copy(blank_records, tmp_path)
    async with bench_in(tmp_path, budgets=DAILY, running=1) as bench:
        bench.provider.gate.clear()
        first = asyncio.create_task(bench.live.fetch(live_ask(bench, "a tower"), wait=30))
        await bench.provider.waiting.wait()
        yield Queue(bench, first)


async def left_behind(queue: Queue, job_id: str | None) -> Generation:
    """Work of a process that ended; its cost is reserved."""
    bench = queue.bench
    key = live_ask(bench).key
    order = Order(key=key, project=bench.project, request=REQUEST, model=PAID, payer="key:k1")
    left = generation_of(order, REQUEST.prompt)
    await bench.records.ledger.reserve(bench.project.id, left.account, 3000, DAILY)
    await bench.records.generations.begin(left)
    if job_id is not None:
        await bench.records.generations.note_job(bench.project.id, left.id, job_id)
    return left


async def test_nobody_who_waits_for_it_gets_it_and_nothing_is_spent(queue: Queue) -> None:
    bench = queue.bench
    waiting = await queue.join(*(bench.live.fetch(live_ask(bench), wait=30) for _ in range(2)))
    await queue.take_down()
    await queue.move()
    for each in waiting:
        with pytest.raises(Gone):
            await each
    with pytest.raises(Gone):
        await bench.live.fetch(live_ask(bench), wait=30)
    assert live_ask(bench).key.slot not in bench.store.entries
    assert [recipe.prompt for recipe in bench.provider.started] == ["a tower"]
    assert await bench.spent() == 3000
    assert await bench.cache.remembered(live_ask(bench).key) is None


async def test_an_order_that_waits_is_refused_and_leaves_no_record(queue: Queue) -> None:
    bench = queue.bench
    (ordering,) = await queue.join(bench.service.create(bench.owner, wish(), PATIENT))
    await queue.take_down()
    await queue.move()
    with pytest.raises(Gone):
        await ordering
    assert [row.original_prompt for row in await bench.rows()] == ["a tower"]
    assert await bench.spent() == 3000


async def test_an_order_whose_caller_left_says_why_it_failed(queue: Queue) -> None:
    bench = queue.bench
    (ordering,) = await queue.join(bench.service.create(bench.owner, wish(), AT_ONCE))
    generation = (await ordering).generation
    await queue.take_down()
    await queue.move()
    await bench.work.settle()
    row = await bench.row(generation)
    assert (row.status, row.error_code, row.cost_micros) == ("failed", "GONE", 0)
    assert len(bench.provider.started) == 1


@pytest.mark.parametrize(("job_id", "code"), [("job-of-the-dead", "GONE"), (None, "LOST")])
async def test_what_a_dead_process_had_begun_is_stopped_and_booked_as_charged(
    queue: Queue, job_id: str | None, code: str
) -> None:
    bench = queue.bench
    (waiting,) = await queue.join(bench.live.fetch(live_ask(bench), wait=30))
    left = await left_behind(queue, job_id)
    await queue.take_down()
    # Its last word came after: by the journal alone it would be younger than the take-down.
    if job_id is not None:
        await bench.records.generations.note_job(bench.project.id, left.id, job_id)
    await queue.move()
    with pytest.raises(Gone):
        await waiting
    row = await bench.row(left)
    assert (row.status, row.error_code) == ("failed", code)
    assert bench.provider.cancelled == ([] if job_id is None else [job_id])
    assert len(bench.provider.started) == 1
    assert await bench.spent() == 6000
    await bench.records.ledger.refund(left.account)
    assert await bench.spent() == 6000, "it is settled"
