"""Explaining without certainty: what cannot be known is told as the live endpoint would tell it."""

from typing import Any

import pytest

from cache.entry import Key
from cache.errors import EntryCorrupt, TierUnavailable
from core.errors import RecordsUnavailable
from core.explain import Explainer
from core.live import Ask
from core.live_request import LiveRequest
from core.models import Model
from core.spending.visitor import Visitor
from tests.core.fakes import PROJECT

REQUEST = LiveRequest("a fox", "1:1")
MODEL = Model("owner/fast", "1", "replicate", 3000, {"1:1": (8, 8)})


class Parts:
    """Every part an explanation asks; the tiers fail with ``error``, or the records do."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.tombstones = self

    def decide(self, visitor: Visitor, request: LiveRequest) -> Ask:
        return Ask(visitor, request, MODEL, Key("slot", "identity"))

    async def locate(self, key: Key) -> None:
        if self._error is not None:
            raise self._error

    async def stands(self, project_id: str, identity: str) -> bool:
        raise RecordsUnavailable


@pytest.mark.parametrize("error", [TierUnavailable("away"), EntryCorrupt("torn"), None])
async def test_a_part_that_does_not_answer_is_the_reason(error: Exception | None) -> None:
    parts: Any = Parts(error)
    explainer = Explainer(live=parts, cache=parts, workshop=parts, spending=parts, foresight=parts)
    told = await explainer.explain(Visitor(PROJECT), REQUEST)
    assert (told.tier, told.would, told.because) == ("none", "refuse", "STORE_UNAVAILABLE")
    assert told.cost_micros == 0
