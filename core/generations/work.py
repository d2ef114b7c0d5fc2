"""Carries generations of the REST API through: the work belongs to the process, not to a caller."""

import asyncio
from time import monotonic

import structlog

from cache.errors import CacheError
from cache.leases import Hints
from cache.readthrough import Found, ReadThrough
from core.errors import ContentRefused, EdgeError, GenerationCancelled, Gone
from core.failures import public
from core.generations.adoption import Adoption
from core.generations.landing import Landing, LandingFill, NoLanding
from core.models import Generation
from core.rendering.commission import Commission
from core.rendering.orders import Order
from core.rendering.workshop import Workshop
from core.rest_ports import GenerationLibrary

# Flights end by themselves; this only has to be longer than any of them.
_FOREVER = 86_400.0


class Job:
    """One attempt under way. ``refusal`` is why it came to nothing before anything was spent;
    ``before`` is the attempt it replaces, if any; ``landing`` what the picture is for."""

    def __init__(
        self, order: Order, generation: Generation, before: Generation | None, landing: Landing
    ) -> None:
        self.order = order
        self.generation = generation
        self.before = before
        self.landing = landing
        self.ended = asyncio.Event()
        self.refusal: EdgeError | None = None
        self._told = False
        self._going = False

    async def wait(self, seconds: float) -> bool:
        """True once it has ended; False when ``seconds`` ran out and the caller goes away with
        the generation's id, so that from now on its record has to stay."""
        try:
            async with asyncio.timeout(seconds):
                await self.ended.wait()
        except TimeoutError:
            if not self._going:
                self._told = True
                return False
            await self.ended.wait()
        return True

    def may_vanish(self) -> bool:
        """Whether nobody was told of the record, so that it may go. The answer is final."""
        self._going = not self._told
        return self._going


class GenerationWork:
    """The generations this process has under way."""

    def __init__(
        self,
        *,
        cache: ReadThrough,
        workshop: Workshop,
        library: GenerationLibrary,
        adoption: Adoption,
        hints: Hints,
    ) -> None:
        self._cache = cache
        self._workshop = workshop
        self._library = library
        self._adoption = adoption
        self._hints = hints
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("generations")

    def start(
        self,
        order: Order,
        generation: Generation,
        *,
        before: Generation | None,
        landing: Landing | None = None,
    ) -> Job:
        """Begin the work of a pending record."""
        job = Job(order, generation, before, landing or NoLanding())
        self._jobs[generation.id] = job
        task = asyncio.create_task(self._carry(job))
        # The loop holds tasks weakly.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def carries(self, generation_id: str) -> bool:
        """Whether this process has it under way."""
        return generation_id in self._jobs

    def wake(self, generation_id: str) -> None:
        """Its record has changed: whoever waits for it in this process shall look."""
        job = self._jobs.get(generation_id)
        if job is not None:
            job.ended.set()
        self._hints.give(generation_id)

    async def settle(self) -> None:
        """Wait for the records still being written; to be called after the cache has drained."""
        await asyncio.gather(*self._tasks)

    async def _carry(self, job: Job) -> None:
        began = monotonic()
        try:
            try:
                found = await self._fly(job)
            except (CacheError, EdgeError) as error:
                await self._fail(job, public(error) if isinstance(error, CacheError) else error)
            else:
                await self._land(job, found, round((monotonic() - began) * 1000))
        except Exception as error:  # noqa: BLE001 - the task is nobody's; its callers are told
            # What its record says now stays; the sweeper looks at it later.
            self._log.exception("generation_not_closed", generation=job.generation.id)
            job.refusal = error if isinstance(error, EdgeError) else EdgeError()
        finally:
            if self._jobs.get(job.generation.id) is job:
                del self._jobs[job.generation.id]
            job.ended.set()
            self._hints.give(job.generation.id)

    async def _fly(self, job: Job) -> Found:
        while True:
            fill = LandingFill(Commission(job.order, self._workshop), job.landing)
            try:
                found = await self._cache.fetch(job.order.key, fill, wait=_FOREVER)
            except GenerationCancelled:
                # Perhaps not ours: another generation of the same key, whose flight we had joined.
                row = await self._row(job)
                if row is None or row.status != "pending":
                    raise
            else:
                if found is not None and not await self._came_to_nothing(job, found):
                    return found

    async def _came_to_nothing(self, job: Job, found: Found) -> bool:
        """Whether it was purged on its way and was not made for this job: then another is made.

        Raises Gone when it must not be.
        """
        if not found.purged:
            return False
        project_id, identity = job.generation.project_id, job.order.key.identity
        if await self._workshop.tombstones.stands(project_id, identity):
            raise Gone
        row = await self._row(job)
        return row is not None and row.status == "pending"

    async def _land(self, job: Job, found: Found, processing_ms: int) -> None:
        row = await self._row(job)
        if row is not None and (row.status == "pending" or row.error_code == "DUPLICATE"):
            await job.landing.arrived(found.entry)
            await self._adoption.complete(row, found, processing_ms=processing_ms)
            row = await self._row(job)
        if row is not None and row.status == "success":
            await job.landing.recorded(row)

    async def _fail(self, job: Job, error: EdgeError) -> None:
        row = await self._row(job)
        if row is None or not _is_refusal(row, error):
            return
        generation = job.generation
        if job.may_vanish():
            job.refusal = error
            await self._library.withdraw(generation.project_id, generation.id, job.before)
            return
        await self._workshop.generations.fail(
            generation.project_id,
            generation.id,
            error.code,
            error.message,
            attempt=generation.attempt,
        )

    async def _row(self, job: Job) -> Generation | None:
        """Its record, unless it was deleted or started anew meanwhile."""
        generation = job.generation
        row = await self._library.find(generation.project_id, generation.id)
        return None if row is None or row.attempt != generation.attempt else row


def _is_refusal(row: Generation, error: EdgeError) -> bool:
    """Whether it ended before anything was spent: never begun, or refused for its content."""
    if row.status == "pending":
        return True
    refused = row.status == "failed" and row.error_code == ContentRefused.code
    return refused and row.job_id is None and isinstance(error, ContentRefused)
