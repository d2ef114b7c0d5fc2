"""From an order to a paid, verified picture: budget, slot, job, check, record."""

import asyncio
import time
from typing import NoReturn

import structlog
import uuid_utils

from cache.entry import Entry
from cache.errors import CacheError, LeaseLost, NotAdmitted
from cache.tier import Lease
from core.errors import (
    BudgetExhausted,
    EdgeError,
    GenerationCancelled,
    GenerationTimeout,
    GeneratorBusy,
    Gone,
)
from core.failures import shared
from core.models import Generation, RawPicture, Recipe, Reference
from core.pictures import entry_of
from core.rendering.materials import gathered
from core.rendering.orders import Order, generation_of, image_of, recipe_of, with_job
from core.rendering.workshop import Workshop

# Its holder died between sending the job and noting its id.
_LOST = ("LOST", "The process that started it ended before noting it.")


class Commission:
    """The fill of one flight: makes the picture of one order, once, on its payer's account."""

    def __init__(self, order: Order, workshop: Workshop) -> None:
        self.payer = order.payer
        self.begun = asyncio.Event()
        self._order = order
        self._workshop = workshop
        self._generation: Generation | None = None
        self._references: tuple[Reference, ...] = ()
        self._cost_micros = 0
        # The last purge that this flight knows to be older than itself.
        self._since = 0
        self._started = time.monotonic()
        self._log = structlog.get_logger("render")

    async def __call__(self, lease: Lease) -> Entry:
        """Make the picture. Raises FillFailed, LeaseLost, NotAdmitted (the payer may not)."""
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

    async def landed(self, entry: Entry, *, first: bool, stored: bool) -> bool | None:
        """Book the outcome; the picture is paid for, so nothing here may fail the request.

        True: it was purged while it was being made. Its record says that it is deleted.
        """
        generation = self._generation
        if generation is None:
            return False
        purged = await self._is_purged(generation)
        try:
            await self._book(generation, entry, first=first, stored=stored, purged=purged)
        except Exception:  # noqa: BLE001 - the picture is paid for; its books can wait
            # The sweeper finds the picture in the store and finishes this record.
            self._log.exception("booking_failed", generation=generation.id)
        return purged

    async def _make(self, lease: Lease) -> Entry:
        self._started = time.monotonic()
        generation = self._generation = await self._resume_or_begin()
        self.begun.set()
        self._workshop.meter.generation_started()
        try:
            entry = await self._paint(generation, lease)
        except (EdgeError, LeaseLost) as error:
            await self._abandon(error)
            if await self._is_cancelled(generation):
                raise NotAdmitted(self.payer, GenerationCancelled(retry_after=1)) from error
            raise
        except BaseException:
            # Cancelled or crashed: the record stays open, whoever comes next resumes its job.
            self._ended("crashed")
            raise
        self._ended("success")
        return entry

    async def _resume_or_begin(self) -> Generation:
        """The job of a holder that died, or a new one with its cost reserved. Raises Gone."""
        workshop, order = self._workshop, self._order
        # It may have waited long for its turn. Take-downs after this number strike the flight.
        self._since = await workshop.watch.number()
        gone = await workshop.tombstones.stands(order.project.id, order.key.identity)
        open_one = await workshop.generations.unfinished(order.project.id, order.key.identity)
        if gone:
            await self._give_up(open_one)
        if open_one is not None and open_one.job_id is not None:
            self._since = await workshop.watch.number_before(open_one.updated_at)
            return open_one
        if open_one is not None:
            await self._write_off(open_one, *_LOST)
            workshop.meter.paid_twice()
        # Nothing is reserved or written down for what could not be started anyway.
        workshop.slots.ensure_open()
        return await self._begin()

    async def _begin(self) -> Generation:
        workshop, order = self._workshop, self._order
        materials = await gathered(order, workshop)
        self._references = materials.references
        generation = generation_of(order, materials.prompt)
        await self._reserve(generation)
        try:
            await workshop.generations.begin(generation)
        except GenerationCancelled as cancelled:
            await workshop.ledger.refund(generation.account)
            raise NotAdmitted(self.payer, cancelled) from cancelled
        return generation

    async def _reserve(self, generation: Generation) -> None:
        order, workshop = self._order, self._workshop
        budgets = workshop.budgets + order.budgets
        try:
            await workshop.ledger.reserve(
                order.project.id, generation.account, order.model.price_micros, budgets
            )
        except BudgetExhausted as exhausted:
            if exhausted.payer is None:
                raise
            raise NotAdmitted(exhausted.payer, exhausted) from exhausted

    async def _give_up(self, left: Generation | None) -> NoReturn:
        """Must not come back: what a holder that died has left is stopped. Raises Gone."""
        gone = Gone()
        if left is not None and left.job_id is not None:
            await self._workshop.generator.cancel(left.job_id)
            await self._write_off(left, gone.code, gone.message)
        elif left is not None:
            await self._write_off(left, *_LOST)
        raise gone

    async def _write_off(self, left: Generation, code: str, text: str) -> None:
        """The job of a holder that died comes to nothing, and may have been charged."""
        await self._workshop.generations.fail(
            left.project_id, left.id, code, text, attempt=left.attempt
        )
        await self._workshop.ledger.settle(left.account, self._order.model.price_micros)

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
                return await workshop.generator.finish(job_id, self._recipe(generation))
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
        job_id = await workshop.generator.start(self._recipe(generation))
        self._generation = with_job(generation, job_id)
        try:
            await workshop.generations.note_job(
                generation.project_id, generation.id, job_id, attempt=generation.attempt
            )
        except EdgeError:
            # The job runs and costs: finishing it here loses less than giving it up.
            self._log.exception("job_not_noted", generation=generation.id, job=job_id)
        if await self._is_cancelled(generation):
            # Whoever cancelled did not know this job yet. How it ends says what it cost.
            await workshop.generator.cancel(job_id)
        return job_id

    def _recipe(self, generation: Generation) -> Recipe:
        return recipe_of(generation, self._order.model, self._references)

    async def _is_cancelled(self, generation: Generation) -> bool:
        try:
            row = await self._workshop.generations.get(generation.project_id, generation.id)
        except EdgeError:
            return False
        return row is not None and row.status == "cancelled"

    async def _is_purged(self, generation: Generation) -> bool:
        try:
            return await self._workshop.watch.struck_since(generation, self._since)
        except EdgeError:
            # Without the records its books stay open as well: the sweeper looks at both.
            self._log.exception("purges_unknown", generation=generation.id)
            return False

    async def _abandon(self, error: EdgeError | LeaseLost) -> None:
        generation = self._generation
        assert generation is not None
        code, text, spent = "LEASE_LOST", "Another process took over.", False
        if isinstance(error, EdgeError):
            code, text, spent = error.code, error.message, error.spent
        self._ended(code)
        workshop = self._workshop
        try:
            await workshop.generations.fail(
                generation.project_id, generation.id, code, text, attempt=generation.attempt
            )
            if spent:
                cost = self._cost_micros or self._order.model.price_micros
                await workshop.ledger.settle(generation.account, cost)
                workshop.meter.spent(cost)
            else:
                await workshop.ledger.refund(generation.account)
        except EdgeError:
            # The first error is the one to report; the sweeper closes the books.
            self._log.exception("closing_failed", generation=generation.id)

    async def _book(
        self, generation: Generation, entry: Entry, *, first: bool, stored: bool, purged: bool
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
                image_of(generation, entry, stored=stored, purged=purged),
                cost_micros=self._cost_micros,
                processing_ms=round((time.monotonic() - self._started) * 1000),
                attempt=generation.attempt,
            )
            await workshop.ledger.settle(generation.account, self._cost_micros)
            return
        workshop.meter.paid_twice()
        await workshop.generations.fail(
            generation.project_id,
            generation.id,
            "DUPLICATE",
            "Another picture was stored first.",
            attempt=generation.attempt,
        )
        await workshop.ledger.settle(generation.account, self._cost_micros)
        await workshop.ledger.mark_duplicate(generation.account)

    def _ended(self, outcome: str) -> None:
        self._workshop.meter.generation_ended(outcome, time.monotonic() - self._started)
