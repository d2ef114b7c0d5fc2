"""The live picture: from a decided request to the stored or newly made picture."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from cache.entry import Key
from cache.errors import CacheError
from cache.readthrough import Found, ReadThrough
from core.catalog import Catalog
from core.errors import FieldError, Forbidden, GeneratorBusy, Gone, Invalid
from core.failures import public
from core.identity import identity_of, key_of
from core.live_request import LiveRequest
from core.models import Model, Picture
from core.pictures import picture_of
from core.rendering.commission import Commission
from core.rendering.orders import Order
from core.rendering.workshop import Workshop
from core.spending.permission import Spending, account_of
from core.spending.visitor import Visitor

# Seconds a caller who waits for nothing is held so that the answer can name the generation.
_NAMING = 0.5
# The same, so that a failure of a moment ago is told instead of a 202 that never comes true.
_GLANCE = 0.05


@dataclass(frozen=True, slots=True)
class Ask:
    """A request decided: which picture, by which model, for whom."""

    visitor: Visitor
    request: LiveRequest
    model: Model
    key: Key


@dataclass(frozen=True, slots=True)
class Answer:
    """A picture, and how it came: ``hit``, ``miss`` (this caller had it made) or ``coalesced``.

    ``purged``: it was purged on its way, and nobody may keep it.
    """

    picture: Picture
    how: Literal["hit", "miss", "coalesced"]
    stored: bool
    purged: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """The wait ran out; the work goes on. ``generation_id`` is None while nobody knows it yet."""

    generation_id: str | None


class Live:
    """Finds the one picture of a request, or has it made by those who may spend."""

    def __init__(
        self, *, cache: ReadThrough, catalog: Catalog, workshop: Workshop, spending: Spending
    ) -> None:
        self._cache = cache
        self._catalog = catalog
        self._workshop = workshop
        self._spending = spending

    def decide(self, visitor: Visitor, request: LiveRequest) -> Ask:
        """Which picture is meant. Raises Invalid (unknown model), Forbidden (not for this key)."""
        model = self._catalog.resolve(request.model)
        for allowed in (
            visitor.key.allowed_models if visitor.key else None,
            visitor.scope.allowed_models if visitor.scope else None,
        ):
            if allowed is not None and model.name not in allowed:
                raise Forbidden
        if request.ratio not in model.sizes:
            raise Invalid(fields=[_not_by(model)])
        version = self._workshop.enhancer.version
        canonical = identity_of(visitor.project.path, model, request, version)
        return Ask(visitor, request, model, key_of(canonical))

    async def peek(self, ask: Ask) -> Answer | None:
        """The stored picture, or None; never makes one.

        Raises StoreDown; Gone when it was taken down for good.
        """
        try:
            found = await self._cache.lookup(ask.key)
        except CacheError as error:
            raise public(error) from error
        if found is None or found.purged:
            await self._ensure_not_gone(ask)
        return None if found is None else _answer(ask, found)

    async def fetch(self, ask: Ask, *, wait: float) -> Answer | Pending:
        """The stored picture, or one made now; at most ``wait`` seconds are spent on the making.

        Raises SpendingNotAllowed, Forbidden, and whatever the generation failed with.
        """
        # What is being made right now is not stored: joining asks nobody.
        stored = None if self._cache.in_flight(ask.key) else await self.peek(ask)
        if stored is not None:
            return stored
        self._spending.ensure_allowed(ask.visitor, ask.model)
        commission = Commission(_order(ask), self._workshop)
        try:
            found = await self._cache.fetch(ask.key, commission, wait=max(wait, _GLANCE))
        except CacheError as error:
            shown = public(error)
            if isinstance(shown, GeneratorBusy):
                # Perhaps it was another process that was told; the pause holds here as well.
                self._workshop.slots.pause(shown.retry_after or 1)
            raise shown from error
        if found is None:
            return Pending(await self._generation_id(ask, commission))
        if found.purged:
            await self._ensure_not_gone(ask)
        return _answer(ask, found)

    async def _ensure_not_gone(self, ask: Ask) -> None:
        tombstones, project = self._workshop.tombstones, ask.visitor.project
        if await tombstones.stands(project.id, ask.key.identity):
            raise Gone

    async def _generation_id(self, ask: Ask, commission: Commission) -> str | None:
        generations, project = self._workshop.generations, ask.visitor.project
        open_one = await generations.unfinished(project.id, ask.key.identity)
        if open_one is None:
            try:
                await asyncio.wait_for(commission.begun.wait(), _NAMING)
            except TimeoutError:
                return None
            open_one = await generations.unfinished(project.id, ask.key.identity)
        return None if open_one is None else open_one.id


def _not_by(model: Model) -> FieldError:
    message = f"This model makes {', '.join(model.sizes)}."
    return FieldError("aspectRatio", "ASPECT_RATIO_UNSUPPORTED", message)


def _order(ask: Ask) -> Order:
    account = account_of(ask.visitor, ask.model)
    return Order(
        key=ask.key,
        project=ask.visitor.project,
        request=ask.request,
        model=ask.model,
        payer=account.payer,
        key_id=account.key_id,
        scope_id=account.scope_id,
        budgets=account.budgets,
        allowance=account.allowance,
    )


def _answer(ask: Ask, found: Found) -> Answer:
    picture = picture_of(ask.key.slot, found.entry)
    return Answer(picture, found.how, found.stored, found.purged)
