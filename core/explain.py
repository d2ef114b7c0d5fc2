"""Says what a live request would get, and why, by the rules that answer it; changes nothing."""

from dataclasses import dataclass
from typing import Literal

from cache.errors import CacheError
from cache.readthrough import ReadThrough
from core.errors import EdgeError, Gone
from core.failures import public
from core.live import Ask, Live
from core.live_request import LiveRequest
from core.models import Picture
from core.pictures import picture_of
from core.rendering.workshop import Workshop
from core.spending.foresight import Foresight
from core.spending.permission import Spending, account_of
from core.spending.visitor import Visitor

Would = Literal["hit", "generate", "refuse"]

NOWHERE = "none"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would happen, and the code of the reason.

    ``tier`` is where the picture stands: memory, redis, store, or none. ``picture`` is the master
    there. ``cost_micros`` is what this request would cost its payer.
    """

    ask: Ask
    tier: str
    would: Would
    because: str
    cost_micros: int = 0
    picture: Picture | None = None


class Explainer:
    """Asks everything a live request is asked, in the same order, and takes nothing."""

    def __init__(
        self,
        *,
        live: Live,
        cache: ReadThrough,
        workshop: Workshop,
        spending: Spending,
        foresight: Foresight,
    ) -> None:
        self._live = live
        self._cache = cache
        self._workshop = workshop
        self._spending = spending
        self._foresight = foresight

    async def explain(
        self, visitor: Visitor, request: LiveRequest, refusal: EdgeError | None = None
    ) -> Explanation:
        """``refusal`` is why the visitor would not even get through the door.

        Raises Invalid for what no visitor could ask for (an unknown model).
        """
        # Without restrictions first: also what is forbidden has a canonical form.
        ask = self._live.decide(Visitor(visitor.project), request)
        picture, tier = None, NOWHERE
        try:
            picture, tier = await self._place(ask)
            if refusal is not None:
                raise refusal
            ask = self._live.decide(visitor, request)
            if picture is not None:
                return Explanation(ask, tier, "hit", "STORED", picture=picture)
            return await self._of_missing(ask)
        except EdgeError as error:
            return Explanation(ask, tier, "refuse", error.code, picture=picture)

    async def _place(self, ask: Ask) -> tuple[Picture | None, str]:
        try:
            found = await self._cache.locate(ask.key)
        except CacheError as error:
            raise public(error) from error
        if found is None:
            return None, NOWHERE
        return picture_of(ask.key.slot, found.entry), found.tier

    async def _of_missing(self, ask: Ask) -> Explanation:
        """Raises whatever having it made would be refused with."""
        project_id = ask.visitor.project.id
        if await self._workshop.tombstones.stands(project_id, ask.key.identity):
            raise Gone
        self._spending.ensure_allowed(ask.visitor, ask.model)
        if await self._foresight.is_under_way(project_id, ask.key):
            return Explanation(ask, NOWHERE, "hit", "IN_FLIGHT")
        failure = await self._cache.remembered(ask.key)
        if failure is not None:
            raise public(failure)
        self._workshop.slots.ensure_open()
        await self._ensure_affordable(ask)
        return Explanation(ask, NOWHERE, "generate", "MISSING", ask.model.price_micros)

    async def _ensure_affordable(self, ask: Ask) -> None:
        account = account_of(ask.visitor, ask.model)
        await self._foresight.ensure_rate(account)
        await self._spending.ensure_welcome(ask.visitor.project, ask.request.prompt)
        await self._foresight.ensure_budgets(account, ask.model.price_micros)
