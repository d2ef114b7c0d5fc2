"""From an order to a paid, verified picture: budget, slot, job, check, record."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
import uuid_utils

from cache.entry import Entry
from cache.errors import CacheError, LeaseLost
from cache.tier import Lease
from core.errors import EdgeError, GenerationTimeout, GeneratorBusy
from core.failures import shared
from core.models import Budget, Generation, RawPicture, VerifiedPicture
from core.orders import Order, generation_of, image_of, with_job
from core.pictures import entry_of
from core.ports import Generations, Generator, Ledger, Meter
from core.slots import Slots

Prepare = Callable[[RawPicture, str, str], Awaitable[VerifiedPicture]]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every commission works with. ``deadline`` is seconds for one generation in all."""

    generator: Generator
    generations: Generations
    ledger: Ledger
    budgets: tuple[Budget, ...]
    slots: Slots
    prepare: Prepare
    meter: Meter
    deadline: float


class Commission:
    """The fill of one flight: makes the picture of one order, once, on its payer's account."""

    def __init__(self, order: Order, workshop: Workshop) -> None:
        self.payer = order.payer
        self.begun = asyncio.Event()
        self._order = order
        self._workshop = workshop
        self._generation: Generation | None = None
        self._cost_micros = 0
        self._started = time.monotonic()
        self._log = structlog.get_logger("render")

    async def __call__(self, lease: Lease) -> Entry:
        """Make the picture. Raises FillFailed, LeaseLost."""
        try:
            async with self._workshop.slots.take():
                return await self._make(lease)
        except EdgeError as error:
            raise shared(error) from error
        except (CacheError, asyncio.CancelledError):
            raise
        except Exception as error:
            self._log.exception("generation_crashed")
            raise shared(EdgeError()) from error

    async def landed(self, entry: Entry, *, first: bool, stored: bool) -> None:
        """Book the outcome; the picture is paid for, so nothing here may fail the request."""
        generation = self._generation
        if generation is None:
            return
        try:
            await self._book(generation, entry, first=first, stored=stored)
        except Exception:  # noqa: BLE001 - the picture is paid for; its books can wait
            # The sweeper finds the picture in the store and finishes this record.
            self._log.exception("booking_failed", generation=generation.id)

    async def _make(self, lease: Lease) -> Entry:
        self._started = time.monotonic()
        generation = self._generation = await self._resume_or_begin()
        self.begun.set()
        self._workshop.meter.generation_started()
        try:
            entry = await self._paint(generation, lease)
        except (EdgeError, LeaseLost) as error:
            await self._abandon(error)
            raise
        except BaseException:
            # Cancelled or crashed: the record stays open, whoever comes next resumes its job.
            self._ended("crashed")
            raise
        self._ended("success")
        return entry

    async def _resume_or_begin(self) -> Generation:
        """The job of a holder that died, or a new one with its cost reserved."""
        workshop, order = self._workshop, self._order
        open_one = await workshop.generations.unfinished(order.project.id, order.key.identity)
        if open_one is not None and open_one.job_id is not None:
            return open_one
        if open_one is not None:
            await self._write_off(open_one)
        # Nothing is reserved or written down for what could not be started anyway.
        workshop.slots.ensure_open()
        generation = generation_of(order)
        await workshop.ledger.reserve(
            order.project.id, generation.id, order.model.price_micros, workshop.budgets
        )
        await workshop.generations.begin(generation)
        return generation

    async def _write_off(self, lost: Generation) -> None:
        """Its holder died between sending the job and noting its id: it may have been charged."""
        await self._workshop.generations.fail(
            lost.project_id, lost.id, "LOST", "The process that started it ended before noting it."
        )
        await self._workshop.ledger.settle(lost.id, self._order.model.price_micros)
        self._workshop.meter.paid_twice()

    async def _paint(self, generation: Generation, lease: Lease) -> Entry:
        order, workshop = self._order, self._workshop
        raw = await self._run(generation, lease)
        self._cost_micros = raw.cost_micros
        verified = await workshop.prepare(raw, order.request.ratio, order.model.generator)
        return entry_of(
            order.key.identity,
            verified,
            image_id=str(uuid_utils.uuid7()),
            generation_id=generation.id,
            generator=order.model.generator,
            stand_in=order.model.stand_in,
            created_at=int(time.time()),
        )

    async def _run(self, generation: Generation, lease: Lease) -> RawPicture:
        workshop = self._workshop
        try:
            async with asyncio.timeout(workshop.deadline):
                job_id = generation.job_id or await self._start(generation, lease)
                return await workshop.generator.finish(job_id, self._order.recipe)
        except TimeoutError as error:
            current = self._generation
            if current is not None and current.job_id is not None:
                await workshop.generator.cancel(current.job_id)
            raise GenerationTimeout(retry_after=30, spent=True) from error
        except GeneratorBusy as error:
            workshop.slots.pause(error.retry_after or 1)
            raise

    async def _start(self, generation: Generation, lease: Lease) -> str:
        workshop = self._workshop
        workshop.slots.ensure_open()
        lease.ensure_held()
        job_id = await workshop.generator.start(self._order.recipe)
        self._generation = with_job(generation, job_id)
        try:
            await workshop.generations.note_job(generation.project_id, generation.id, job_id)
        except EdgeError:
            # The job runs and costs: finishing it here loses less than giving it up.
            self._log.exception("job_not_noted", generation=generation.id, job=job_id)
        return job_id

    async def _abandon(self, error: EdgeError | LeaseLost) -> None:
        generation = self._generation
        assert generation is not None
        code, text, spent = "LEASE_LOST", "Another process took over.", False
        if isinstance(error, EdgeError):
            code, text, spent = error.code, error.message, error.spent
        self._ended(code)
        workshop = self._workshop
        try:
            await workshop.generations.fail(generation.project_id, generation.id, code, text)
            if spent:
                cost = self._cost_micros or self._order.model.price_micros
                await workshop.ledger.settle(generation.id, cost)
                workshop.meter.spent(cost)
            else:
                await workshop.ledger.refund(generation.id)
        except EdgeError:
            # The first error is the one to report; the sweeper closes the books.
            self._log.exception("closing_failed", generation=generation.id)

    async def _book(
        self, generation: Generation, entry: Entry, *, first: bool, stored: bool
    ) -> None:
        workshop = self._workshop
        ours = entry.meta.get("generation") == generation.id
        # Another process that finished the very same job has counted it.
        if first or not ours:
            workshop.meter.spent(self._cost_micros)
        if first or ours:
            await workshop.generations.succeed(
                generation.project_id,
                generation.id,
                image_of(generation, entry, stored=stored),
                cost_micros=self._cost_micros,
                processing_ms=round((time.monotonic() - self._started) * 1000),
            )
            await workshop.ledger.settle(generation.id, self._cost_micros)
            return
        workshop.meter.paid_twice()
        await workshop.generations.fail(
            generation.project_id, generation.id, "DUPLICATE", "Another picture was stored first."
        )
        await workshop.ledger.settle(generation.id, self._cost_micros)
        await workshop.ledger.mark_duplicate(generation.id)

    def _ended(self, outcome: str) -> None:
        self._workshop.meter.generation_ended(outcome, time.monotonic() - self._started)
