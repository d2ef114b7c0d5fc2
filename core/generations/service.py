"""Generations as the REST API works with them: made, made again, cancelled, looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cache.errors import CacheError
from cache.readthrough import Found, ReadThrough
from core.errors import Gone, NotFound, NotRetryable
from core.failures import public
from core.generations.adoption import Adoption
from core.generations.plans import Plan, Planner
from core.generations.requests import GenerationRequest, Owner, request_of
from core.generations.work import GenerationWork, Job
from core.listing import Listing, Window
from core.models import Generation, Status
from core.ports import Generator
from core.purging.ports import NoPurges, Takedowns, Tombstones
from core.purging.takedowns import LocalTakedowns
from core.rendering.orders import Order
from core.rest_ports import FlowLibrary, GenerationLibrary
from core.spending.foresight import Foresight
from core.spending.permission import Account, Spending

_ENDED: tuple[Status, ...] = ("success", "failed", "cancelled")
_UNDER_WAY: tuple[Status, ...] = ("pending", "processing")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller holds the line, in seconds, and whether 202 is fine when it runs out."""

    seconds: float
    respond_async: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The generation as it stands, and whether it has ended."""

    generation: Generation
    ended: bool


class GenerationService:
    """What callers do with generations. Every call names the project.

    An id that is malformed, unknown, deleted or another project's is the same
    NotFound (GENERATION_NOT_FOUND).
    """

    def __init__(
        self,
        *,
        cache: ReadThrough,
        planner: Planner,
        work: GenerationWork,
        adoption: Adoption,
        library: GenerationLibrary,
        flows: FlowLibrary,
        generator: Generator,
        spending: Spending,
        foresight: Foresight,
        takedowns: Takedowns | None = None,
        tombstones: Tombstones | None = None,
    ) -> None:
        self._cache = cache
        self._takedowns = takedowns or LocalTakedowns(cache)
        self._tombstones = tombstones or NoPurges()
        self._planner = planner
        self._work = work
        self._adoption = adoption
        self._library = library
        self._flows = flows
        self._generator = generator
        self._spending = spending
        self._foresight = foresight

    async def create(
        self,
        owner: Owner,
        request: GenerationRequest,
        patience: Patience,
        *,
        move: bool = True,
    ) -> Outcome:
        """The picture that exists for this request, or one made now. Without ``move`` it takes no
        alias from another image.

        Raises Invalid, Forbidden, AliasConflict, SpendingNotAllowed, and whatever refused it
        before anything was spent (RateLimitExceeded, BudgetExhausted, ContentRefused, Busy …):
        then no record is left.
        """
        plan = await self._planner.plan(owner, request)
        if not move:
            await self._adoption.ensure_free(plan.generation)
        found = await self._stored(plan)
        if found is None:
            await self._ensure_may_spend(plan, patience)
        generation = plan.generation
        if generation.flow_id is not None:
            await self._flows.ensure(owner.project.id, generation.flow_id)
        await self._library.insert(generation)
        if found is not None:
            return await self._adopted(generation, found)
        job = self._work.start(_order(plan, generation), generation, before=None)
        try:
            return await self._awaited(job, patience)
        finally:
            if job.refusal is not None and request.flow_id is None and generation.flow_id:
                # The flow was made for this generation alone, of which no record is left.
                await self._flows.delete(owner.project.id, generation.flow_id)

    async def retry(
        self, owner: Owner, generation_id: str, changes: Mapping[str, Any], patience: Patience
    ) -> Outcome:
        """Make a failed one again under its id; ``changes`` are fields of GenerationRequest.

        Raises NotFound, NotRetryable, and as create: then the failed one stays as it was.
        """
        old = await self.find(owner.project.id, generation_id)
        if old.status != "failed":
            raise NotRetryable
        request = request_of(old)
        changed = replace(request, **changes)
        same = changed.picture == request.picture and changed.references == request.references
        plan = await self._planner.again(
            owner,
            old,
            changed,
            variation=same and await self._planner.is_variation(owner, old),
        )
        counted = replace(plan.generation, retry_count=old.retry_count + 1)
        return await self._again(replace(plan, generation=counted), old, patience)

    async def regenerate(self, owner: Owner, generation_id: str, patience: Patience) -> Outcome:
        """A new picture for the same request; the old one goes into the history, and live URLs
        keep it. Raises NotFound, NotRetryable (still under way), and as create.
        """
        old = await self._ended(owner.project.id, generation_id)
        plan = await self._planner.again(owner, old, request_of(old), variation=True)
        return await self._again(plan, old, patience)

    async def edit(
        self, owner: Owner, generation_id: str, changes: Mapping[str, Any], patience: Patience
    ) -> Outcome:
        """Change prompt and ratio, which makes another picture under the same id, or only flow
        and meta. Raises NotFound, NotRetryable (still under way), and as create.
        """
        old = await self.find(owner.project.id, generation_id)
        request = request_of(old)
        changed = replace(request, **changes)
        if changed.picture != request.picture:
            old = await self._ended(owner.project.id, generation_id)
            plan = await self._planner.again(owner, old, changed, variation=False)
            return await self._again(plan, old, patience)
        if changed.flow_id is not None:
            await self._flows.ensure(owner.project.id, changed.flow_id)
        row = await self._library.edit(
            owner.project.id, old.id, flow_id=changed.flow_id, meta=changed.meta
        )
        return _outcome(_existing(row))

    async def cancel(self, project_id: str, generation_id: str) -> Generation:
        """Stop it, here or in whichever process it runs, and give back what was not spent.

        One that has ended stays as it is. Raises NotFound.
        """
        before = await self._library.cancel(project_id, generation_id)
        if before is None:
            return await self.find(project_id, generation_id)
        self._work.wake(generation_id)
        if before.job_id is not None:
            # Whoever waits for the job sees it end, and books what it cost.
            await self._generator.cancel(before.job_id)
        return await self.find(project_id, generation_id)

    async def delete(self, project_id: str, generation_id: str) -> None:
        """Soft, with its picture; one under way is cancelled first. Raises NotFound."""
        row = await self.find(project_id, generation_id)
        if row.status in _UNDER_WAY:
            await self.cancel(project_id, generation_id)
        _existing(await self._library.delete(project_id, generation_id))
        await self._takedowns.carry_out(project_id)
        self._work.wake(generation_id)

    async def find(self, project_id: str, generation_id: str) -> Generation:
        """Raises NotFound."""
        return _existing(await self._library.find(project_id, generation_id))

    async def listed(
        self,
        project_id: str,
        window: Window,
        *,
        status: Status | None = None,
        flow_id: str | None = None,
        include_deleted: bool = False,
    ) -> Listing[Generation]:
        """Raises Invalid (cursor)."""
        return await self._library.listed(
            project_id, window, status=status, flow_id=flow_id, include_deleted=include_deleted
        )

    async def _again(self, plan: Plan, old: Generation, patience: Patience) -> Outcome:
        """Another attempt in the place of ``old``."""
        project_id = old.project_id
        found = await self._stored(plan)
        if found is None:
            await self._ensure_may_spend(plan, patience)
            await self._cache.forgive(plan.key)
        if plan.generation.flow_id is not None:
            await self._flows.ensure(project_id, plan.generation.flow_id)
        generation = await self._library.restart(
            project_id, plan.generation, expected=(old.status,)
        )
        if generation is None:
            raise NotRetryable
        if found is not None:
            return await self._adopted(generation, found)
        job = self._work.start(_order(plan, generation), generation, before=old)
        return await self._awaited(job, patience)

    async def _adopted(self, generation: Generation, found: Found) -> Outcome:
        await self._adoption.complete(generation, found, processing_ms=0)
        return _outcome(await self.find(generation.project_id, generation.id))

    async def _awaited(self, job: Job, patience: Patience) -> Outcome:
        ended = await job.wait(patience.seconds)
        if not ended and patience.respond_async:
            return Outcome(job.generation, ended=False)
        if job.refusal is not None:
            raise job.refusal
        row = await self.find(job.generation.project_id, job.generation.id)
        if row.status == "pending":
            # To its caller it is on its way, also while it waits for its turn.
            row = replace(row, status="processing")
        return _outcome(row)

    async def _ended(self, project_id: str, generation_id: str) -> Generation:
        old = await self.find(project_id, generation_id)
        if old.status in _UNDER_WAY:
            raise NotRetryable("The generation is still under way. Wait for it, or cancel it.")
        return old

    async def _stored(self, plan: Plan) -> Found | None:
        try:
            return await self._cache.lookup(plan.key)
        except CacheError as error:
            raise public(error) from error

    async def _ensure_may_spend(self, plan: Plan, patience: Patience) -> None:
        if await self._tombstones.stands(plan.owner.project.id, plan.key.identity):
            raise Gone
        self._spending.ensure_enabled()
        account = await self._foreseen(plan, patience)
        if account is not None:
            await self._foresight.ensure_rate(account)
        await self._spending.ensure_welcome(plan.owner.project, plan.picture.prompt)
        if account is not None:
            await self._foresight.ensure_budgets(account, plan.model.price_micros)

    async def _foreseen(self, plan: Plan, patience: Patience) -> Account | None:
        """Whose means are looked at before anything is counted: of those who go away before the
        work can say that it was refused. Who joins what is under way needs none."""
        if patience.seconds > 0 and not patience.respond_async:
            return None
        if await self._foresight.is_under_way(plan.owner.project.id, plan.key):
            return None
        return plan.account


def _order(plan: Plan, generation: Generation) -> Order:
    # The policy was asked before there was a record, so that a refusal leaves none.
    return replace(plan.order(generation), welcome=True)


def _outcome(generation: Generation) -> Outcome:
    return Outcome(generation, ended=generation.status in _ENDED)


def _existing(generation: Generation | None) -> Generation:
    if generation is None:
        raise NotFound("GENERATION")
    return generation
