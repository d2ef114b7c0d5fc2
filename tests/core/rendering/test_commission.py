"""The renderer: the order of deeds around money, and what is left behind when something fails."""

import asyncio
from dataclasses import replace

import pytest

from cache.entry import Key
from cache.errors import FillFailed, LeaseLost
from cache.leases import LocalLease
from core.errors import (
    ContentRefused,
    GeneratorBusy,
    GeneratorFailed,
    PictureUnsound,
)
from core.live_request import LiveRequest
from core.models import RawPicture, VerifiedPicture
from core.rendering.commission import Commission
from core.rendering.orders import Order
from core.rendering.slots import Slots
from core.rendering.workshop import Workshop
from tests.core.fakes import (
    PAID,
    PROJECT,
    CountingMeter,
    RecordedGenerations,
    RecordedLedger,
    ScriptedGenerator,
    open_generation,
    prepare,
)

KEY = Key("5" * 32, "1" * 64)
ORDER = Order(
    key=KEY,
    project=PROJECT,
    request=LiveRequest("a lighthouse", "1:1"),
    model=PAID,
    payer="key:k1",
    key_id="k1",
)


class LostLease:
    def ensure_held(self) -> None:
        raise LeaseLost("not renewed")

    async def release(self) -> None: ...


class Bench:
    """A workshop whose every part can be looked at afterwards."""

    def __init__(self, *, deadline: float = 5.0, running: int = 1, waiting: int = 0) -> None:
        self.log: list[str] = []
        self.generator = ScriptedGenerator()
        self.generations = RecordedGenerations(self.log)
        self.ledger = RecordedLedger(self.log)
        self.meter = CountingMeter()
        self.workshop = Workshop(
            generator=self.generator,
            generations=self.generations,
            ledger=self.ledger,
            budgets=(),
            slots=Slots(running=running, waiting=waiting),
            prepare=prepare,
            meter=self.meter,
            deadline=deadline,
        )

    def commission(self) -> Commission:
        return Commission(ORDER, self.workshop)


async def make_and_land(bench: Bench) -> Commission:
    commission = bench.commission()
    entry = await commission(LocalLease())
    await commission.landed(entry, first=True, stored=True)
    return commission


async def test_money_is_reserved_before_and_the_job_noted_before_anyone_waits() -> None:
    bench = Bench()
    await make_and_land(bench)
    assert bench.log == ["reserve", "begin", "note_job", "succeed", "settle"]
    (row,) = bench.generations.rows.values()
    assert (row.status, row.job_id, row.cost_micros) == ("success", "job-1", 3000)
    assert bench.ledger.settled == {row.id: 3000}
    assert bench.meter.spent_micros == 3000
    assert bench.meter.outcomes == ["success"]


async def test_the_job_is_noted_while_the_provider_still_works() -> None:
    bench = Bench()
    bench.generator.gate.clear()
    task = asyncio.create_task(bench.commission()(LocalLease()))
    await bench.generator.waiting.wait()
    (row,) = bench.generations.rows.values()
    assert row.job_id == "job-1"
    bench.generator.gate.set()
    await task


async def test_a_dead_holders_job_is_resumed_and_nothing_is_started() -> None:
    bench = Bench()
    left = open_generation(KEY.identity, KEY.slot, job_id="job-of-the-dead")
    bench.generations.rows[left.id] = left
    bench.ledger.reserved[left.id] = 3000
    await make_and_land(bench)
    assert bench.generator.started == []
    assert bench.generator.finished == ["job-of-the-dead"]
    assert bench.generations.rows[left.id].status == "success"
    assert bench.ledger.settled == {left.id: 3000}


async def test_a_job_sent_but_never_noted_is_booked_as_paid_and_counted() -> None:
    bench = Bench()
    left = open_generation(KEY.identity, KEY.slot)
    bench.generations.rows[left.id] = left
    await make_and_land(bench)
    assert bench.generations.rows[left.id].error_code == "LOST"
    assert bench.ledger.settled[left.id] == 3000
    assert bench.meter.duplicates == 1
    assert len(bench.generator.started) == 1


@pytest.mark.parametrize(
    ("error", "code", "remember", "doubling"),
    [
        (GeneratorBusy(retry_after=7), "GENERATOR_BUSY", 7, False),
        (GeneratorBusy(retry_after=900), "GENERATOR_BUSY", 60, False),
        (GeneratorFailed(), "GENERATOR_FAILED", 5, True),
        (ContentRefused(), "CONTENT_REFUSED", 600, False),
    ],
)
async def test_a_refusal_costs_nothing_and_is_remembered(
    error: Exception, code: str, remember: float, doubling: bool
) -> None:
    bench = Bench()
    bench.generator.fail_start = error
    with pytest.raises(FillFailed) as caught:
        await bench.commission()(LocalLease())
    assert caught.value.payload["code"] == code
    assert (caught.value.remember, caught.value.doubling) == (remember, doubling)
    (row,) = bench.generations.rows.values()
    assert (row.status, row.error_code) == ("failed", code)
    assert bench.ledger.refunded == {row.id}
    assert bench.ledger.settled == {}


async def test_after_a_429_nothing_is_started_until_the_pause_ends() -> None:
    bench = Bench()
    bench.generator.fail_start = GeneratorBusy(retry_after=60)
    with pytest.raises(FillFailed):
        await bench.commission()(LocalLease())
    bench.generator.fail_start = None
    with pytest.raises(FillFailed) as caught:
        await bench.commission()(LocalLease())
    assert caught.value.payload["code"] == "GENERATOR_BUSY"
    assert bench.generator.started == []


async def test_an_unusable_picture_is_paid_but_never_stored() -> None:
    bench = Bench()

    async def refuse(raw: RawPicture, ratio: str, generator: str) -> VerifiedPicture:
        raise PictureUnsound(spent=True)

    commission = Commission(ORDER, replace(bench.workshop, prepare=refuse))
    with pytest.raises(FillFailed) as caught:
        await commission(LocalLease())
    assert (caught.value.payload["code"], caught.value.remember) == ("GENERATOR_FAILED", 30)
    (row,) = bench.generations.rows.values()
    assert bench.ledger.settled == {row.id: 3000}
    assert bench.ledger.refunded == set()


async def test_a_provider_that_never_finishes_is_cancelled_at_the_deadline() -> None:
    bench = Bench(deadline=0.05)
    bench.generator.gate.clear()
    with pytest.raises(FillFailed) as caught:
        await bench.commission()(LocalLease())
    assert caught.value.payload["code"] == "GENERATION_TIMEOUT"
    assert bench.generator.cancelled == ["job-1"]
    assert list(bench.ledger.settled.values()) == [3000]


async def test_an_exhausted_budget_leaves_no_record_and_starts_nothing() -> None:
    bench = Bench()
    bench.ledger.exhausted = ""
    with pytest.raises(FillFailed) as caught:
        await bench.commission()(LocalLease())
    assert caught.value.payload["code"] == "BUDGET_EXHAUSTED"
    assert bench.generations.rows == {}
    assert bench.generator.started == []


async def test_without_its_lease_nothing_new_is_paid() -> None:
    bench = Bench()
    with pytest.raises(LeaseLost):
        await bench.commission()(LostLease())
    assert bench.generator.started == []
    assert len(bench.ledger.refunded) == 1


async def test_a_noted_job_is_finished_even_without_the_lease() -> None:
    bench = Bench()
    left = open_generation(KEY.identity, KEY.slot, job_id="job-7")
    bench.generations.rows[left.id] = left
    await bench.commission()(LostLease())
    assert bench.generator.finished == ["job-7"]


async def test_a_full_queue_is_refused_at_once_and_reserves_nothing() -> None:
    bench = Bench(running=1, waiting=0)
    bench.generator.gate.clear()
    running = asyncio.create_task(bench.commission()(LocalLease()))
    await bench.generator.waiting.wait()
    with pytest.raises(FillFailed) as caught:
        await bench.commission()(LocalLease())
    assert caught.value.payload["code"] == "BUSY"
    assert len(bench.ledger.reserved) == 1
    bench.generator.gate.set()
    await running


async def test_the_loser_of_the_race_books_its_cost_as_a_duplicate() -> None:
    bench = Bench()
    commission = bench.commission()
    entry = await commission(LocalLease())
    other = replace(entry, meta={**entry.meta, "generation": "somebody-elses"})
    await commission.landed(other, first=False, stored=True)
    (row,) = bench.generations.rows.values()
    assert (row.status, row.error_code) == ("failed", "DUPLICATE")
    assert bench.ledger.settled == {row.id: 3000}
    assert bench.ledger.duplicates == {row.id}
    assert bench.meter.duplicates == 1


async def test_two_that_finish_the_same_job_are_no_duplicate() -> None:
    bench = Bench()
    commission = bench.commission()
    entry = await commission(LocalLease())
    await commission.landed(entry, first=False, stored=True)
    assert bench.meter.duplicates == 0
    # The other one, whose picture stands, has counted it.
    assert bench.meter.spent_micros == 0
    (row,) = bench.generations.rows.values()
    assert row.status == "success"


async def test_a_cancelled_flight_leaves_its_job_to_be_resumed() -> None:
    bench = Bench()
    bench.generator.gate.clear()
    task = asyncio.create_task(bench.commission()(LocalLease()))
    await bench.generator.waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (row,) = bench.generations.rows.values()
    assert (row.status, row.job_id) == ("processing", "job-1")
    assert bench.ledger.refunded == set()
    assert bench.ledger.settled == {}


async def test_a_crash_inside_is_shared_as_an_internal_error() -> None:
    bench = Bench()
    bench.generator.fail_finish = ZeroDivisionError("a bug")
    with pytest.raises(FillFailed) as caught:
        await bench.commission()(LocalLease())
    assert caught.value.payload["code"] == "INTERNAL_ERROR"
    assert "bug" not in str(caught.value.payload)
