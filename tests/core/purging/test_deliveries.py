"""Telling CDNs: at once, again after a failure, each part once, and beside other processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from core.errors import RecordsUnavailable
from core.models import Project
from core.purging.deliveries import Deliveries, NoDeliveries
from core.purging.delivery_ports import Delivery, DeliveryState, Outcome, Told

PROJECT = Project("p1", "main", "site", public=True)
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
TAKEN, BUSY = Told(taken=True, status=204), Told(taken=False, status=503)


def a_delivery(*tags: str, attempts: int = 0) -> Delivery:
    return Delivery("d1", PROJECT.id, 7, tags or ("k-1",), "pending", attempts, None, NOON, None)


@dataclass
class Book:
    """One delivery at most, due whenever it is pending and nobody holds it."""

    row: Delivery
    held: bool = False
    away: bool = False
    pauses: list[float] = field(default_factory=list)
    patient: bool = True
    again: timedelta | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def claim(self, most: int, lease: timedelta) -> list[Delivery]:
        self.asked.set()
        if self.away:
            raise RecordsUnavailable(retry_after=1)
        if self.held or self.row.state != "pending":
            return []
        self.held = True
        return [self.row]

    async def advance(self, delivery: Delivery, told: int, lease: timedelta) -> None:
        self.row = replace(self.row, told=told)

    async def deliver(
        self, delivery: Delivery, status: int | None, again: timedelta | None
    ) -> None:
        self.again = again
        self._end("delivered", status)

    async def postpone(
        self, delivery: Delivery, status: int | None, pause: timedelta, patience: timedelta
    ) -> DeliveryState:
        self.pauses.append(pause.total_seconds())
        self._end("pending" if self.patient else "failed", status)
        return self.row.state

    async def release(self, delivery: Delivery) -> None:
        self.held = False

    async def of_purge(self, project_id: str, number: int) -> list[Delivery]:
        return [self.row] if (project_id, number) == (PROJECT.id, 7) else []

    async def forget(self, age: timedelta) -> None: ...

    def _end(self, state: DeliveryState, status: int | None) -> None:
        attempts = self.row.attempts + 1
        self.row = replace(self.row, state=state, status=status, attempts=attempts)
        self.held = False
        self.changed.set()


@dataclass
class Hook:
    """Answers in turn, the last one for ever; ``gate`` holds every answer back."""

    answers: list[Told]
    batch: int = 2
    gate: asyncio.Event | None = None
    heard: list[tuple[str, ...]] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def tell(self, delivery_id: str, tags: tuple[str, ...]) -> Told:
        self.heard.append(tags)
        self.called.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass
class Meter:
    outcomes: list[Outcome] = field(default_factory=list)

    def told(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


@dataclass
class Sending:
    book: Book
    hook: Hook
    meter: Meter
    deliveries: Deliveries

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.deliveries.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def sending(*answers: Told, delivery: Delivery | None = None) -> Sending:
    book, hook, meter = Book(delivery or a_delivery()), Hook([*answers]), Meter()
    service = Deliveries(book, hook, meter, call_timeout=1, jitter=lambda pause: pause)
    return Sending(book, hook, meter, service)


async def test_a_purge_s_receipt_says_delivered() -> None:
    telling = sending(TAKEN)
    async with telling.running():
        await telling.deliveries.announce(PROJECT, 7, ("k-1",))
        (receipt,) = await telling.deliveries.receipts(PROJECT, 7, wait=5)
    assert (receipt.state, receipt.attempts, receipt.status) == ("delivered", 1, 204)
    assert telling.meter.outcomes == ["delivered"]


@pytest.mark.parametrize(("again", "told"), [(0, None), (65, timedelta(seconds=65))])
async def test_once_more_is_noted_with_the_end(again: float, told: timedelta | None) -> None:
    book = Book(a_delivery())
    await Deliveries(book, Hook([TAKEN]), Meter(), call_timeout=1, again=again).send_due()
    assert (book.row.state, book.again) == ("delivered", told)


async def test_a_receipt_does_not_wait_for_a_cdn_that_hangs() -> None:
    telling = sending(TAKEN)
    telling.hook.gate = asyncio.Event()
    async with telling.running():
        await telling.hook.called.wait()
        (receipt,) = await telling.deliveries.receipts(PROJECT, 7, wait=0.1)
    assert (receipt.state, receipt.attempts) == ("pending", 0)


async def test_a_purge_nobody_is_told_of_has_no_receipts() -> None:
    telling = sending(TAKEN)
    assert await telling.deliveries.receipts(PROJECT, 8, wait=5) == []
    nobody = NoDeliveries()
    await nobody.announce(PROJECT, 7, ("k-1",))
    assert await nobody.receipts(PROJECT, 7, wait=5) == []


@pytest.mark.parametrize(
    ("attempts", "pause"), [(0, 1), (1, 2), (2, 4), (8, 256), (9, 512), (10, 600), (200, 600)]
)
async def test_pauses_double_up_to_ten_minutes(attempts: int, pause: float) -> None:
    telling = sending(BUSY, delivery=a_delivery(attempts=attempts))
    await telling.deliveries.send_due()
    assert telling.book.pauses == [pause]
    assert telling.meter.outcomes == ["retried"]


@pytest.mark.parametrize(("asked", "pause"), [(30.0, 30), (0.2, 1), (1e9, 3600)])
async def test_a_longer_pause_is_granted_within_reason(asked: float, pause: float) -> None:
    telling = sending(replace(BUSY, retry_after=asked))
    await telling.deliveries.send_due()
    assert telling.book.pauses == [pause]


async def test_pauses_are_spread() -> None:
    book, hook = Book(a_delivery(attempts=200)), Hook([BUSY])
    deliveries = Deliveries(book, hook, Meter(), call_timeout=1)
    for _ in range(50):
        await deliveries.send_due()
    assert len(set(book.pauses)) > 10
    assert all(480 <= pause <= 720 for pause in book.pauses)


async def test_it_goes_on_until_the_cdn_takes_it() -> None:
    telling = sending(BUSY, Told(taken=False, status=None), Told(taken=False, status=401), TAKEN)
    async with telling.running(), asyncio.timeout(10):
        while telling.book.row.state == "pending":
            telling.book.changed.clear()
            await telling.book.changed.wait()
    assert telling.book.row.attempts == 4
    assert telling.book.pauses == [1, 2, 4]
    assert telling.meter.outcomes == ["retried", "retried", "retried", "delivered"]


async def test_what_the_cdn_took_is_not_told_twice() -> None:
    telling = sending(TAKEN, BUSY, TAKEN, delivery=a_delivery("a", "b", "c", "d", "e"))
    await telling.deliveries.send_due()
    assert telling.hook.heard == [("a", "b"), ("c", "d")]
    assert telling.book.row.told == 2
    await telling.deliveries.send_due()
    assert telling.hook.heard[2:] == [("c", "d"), ("e",)]
    assert telling.book.row.state == "delivered"


async def test_a_refusal_is_an_error_in_the_log_once_and_the_end_another() -> None:
    telling = sending(Told(taken=False, status=403))
    with capture_logs() as lines:
        await telling.deliveries.send_due()
        await telling.deliveries.send_due()
        telling.book.patient = False
        await telling.deliveries.send_due()
    told = [(line["event"], line["log_level"], line["attempts"]) for line in lines]
    assert told == [
        ("cdn_told_in_vain", "error", 1),
        ("cdn_told_in_vain", "warning", 2),
        ("cdn_not_told", "error", 3),
    ]
    assert telling.meter.outcomes == ["retried", "retried", "failed"]


async def test_who_stops_while_sending_gives_it_back() -> None:
    telling = sending(TAKEN)
    telling.hook.gate = asyncio.Event()
    async with telling.running():
        await telling.hook.called.wait()
        assert telling.book.held
    assert not telling.book.held
    assert telling.book.row.state == "pending"


async def test_records_that_are_away_end_nothing() -> None:
    telling = sending(TAKEN)
    telling.book.away = True
    async with telling.running(), asyncio.timeout(10):
        await telling.deliveries.announce(PROJECT, 7, ())
        await telling.book.asked.wait()
        telling.book.away = False
        await telling.book.changed.wait()
    assert telling.book.row.state == "delivered"
