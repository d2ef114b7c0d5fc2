"""Has pictures made before their first visitor asks: within a budget and a time, then gone on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from core.errors import (
    BudgetExhausted,
    ContentRefused,
    EdgeError,
    Forbidden,
    GenerationTimeout,
    Gone,
    Invalid,
    NotFound,
    RateLimitExceeded,
)
from core.explain import Explainer
from core.live import Ask, Live, Pending
from core.models import Picture
from core.warming.sizes import WarmSizes
from core.warming.steps import Goal, Master, Purse, Step, alike, grouped, in_order

Result = TypeVar("Result")

# What this caller, or nobody, may have: asking again changes nothing by itself.
_REFUSALS = (
    *(BudgetExhausted, ContentRefused, Forbidden, Gone, Invalid, NotFound, RateLimitExceeded),
)
# Seconds one size may take, even at the end of the time.
_ENCODING = 2.0


class Warming:
    """Makes what is missing, at most ``at_once`` pictures at a time, for ``seconds``.

    What does not fit in stays ``pending``: the same request again goes on, for what is there is a
    hit. Every picture is asked for as its visitor would, on the account of whoever has it warmed.
    """

    def __init__(
        self,
        *,
        live: Live,
        explainer: Explainer,
        sizes: WarmSizes,
        seconds: float = 50.0,
        at_once: int = 4,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live = live
        self._explainer = explainer
        self._sizes = sizes
        self._seconds = seconds
        self._at_once = at_once
        self._clock = clock

    async def plan(self, goals: Sequence[Goal], budget_micros: int | None) -> list[Step]:
        """What ``warm`` would do now, and what it would cost. Changes nothing."""
        purse, groups = Purse(budget_micros), grouped(goals)
        foreseen = await self._bounded([self._foresee(group) for group in groups])
        told = [
            outlook if isinstance(outlook, list) else alike(group, _affordable(outlook, purse))
            for group, outlook in zip(groups, foreseen, strict=True)
        ]
        return in_order(goals, groups, told)

    async def warm(self, goals: Sequence[Goal], budget_micros: int | None) -> list[Step]:
        """Have them made until all are there, the time is over or the budget used up."""
        purse, groups = Purse(budget_micros), grouped(goals)
        end = self._clock() + self._seconds
        told = await self._bounded([self._carry_out(group, purse, end) for group in groups])
        return in_order(goals, groups, told)

    async def _bounded(self, work: Sequence[Awaitable[Result]]) -> list[Result]:
        turn = asyncio.Semaphore(self._at_once)

        async def in_turn(one: Awaitable[Result]) -> Result:
            async with turn:
                return await one

        return await asyncio.gather(*(in_turn(one) for one in work))

    async def _foresee(self, group: Sequence[Goal]) -> Master | list[Step]:
        """What a picture would cost, or what is left to do where it is stored."""
        ask = group[0].ask
        told = await self._explainer.explain(ask.visitor, ask.request)
        if told.would == "refuse":
            return Master("refused", code=told.because)
        if told.picture is not None:
            return [await self._foretell(goal, told.picture) for goal in group]
        if told.would == "hit":
            return Master("pending")
        return Master("planned", cost_micros=told.cost_micros)

    async def _foretell(self, goal: Goal, master: Picture) -> Step:
        try:
            made = await self._sizes.made(goal, master)
        except EdgeError as error:
            return Step(goal.url, "failed", code=error.code)
        return Step(goal.url, "hit" if made else "planned")

    async def _carry_out(self, group: Sequence[Goal], purse: Purse, end: float) -> list[Step]:
        if self._clock() >= end:
            return alike(group, Master("pending"))
        master = await self._made(group[0].ask, purse, end)
        if master.picture is None:
            return alike(group, master)
        steps = []
        for index, goal in enumerate(group):
            step = await self._sized(goal, master.picture, end)
            if index == 0 and master.state == "generated":
                good = step.state in {"hit", "derived"}
                state = "generated" if good else step.state
                step = replace(step, state=state, cost_micros=master.cost_micros)
            steps.append(step)
        return steps

    async def _made(self, ask: Ask, purse: Purse, end: float) -> Master:
        """The master, made now if need be."""
        price = ask.model.price_micros
        try:
            stored = await self._live.peek(ask)
        except EdgeError as error:
            return _refused(error)
        if stored is not None:
            return Master("hit", stored.picture)
        if not purse.take(price):
            return Master("over_budget")
        master = await self._ordered(ask, end)
        purse.give_back(price - master.cost_micros)
        return master

    async def _ordered(self, ask: Ask, end: float) -> Master:
        price = ask.model.price_micros
        try:
            answer = await self._live.fetch(ask, wait=max(0.0, end - self._clock()))
        except GenerationTimeout as error:
            # Stopped too late to be free.
            return Master("failed", cost_micros=price, code=error.code)
        except EdgeError as error:
            return _refused(error)
        if isinstance(answer, Pending):
            return Master("pending", cost_micros=price)
        if answer.how == "miss":
            return Master("generated", answer.picture, price)
        return Master("hit", answer.picture)

    async def _sized(self, goal: Goal, master: Picture, end: float) -> Step:
        """The address in its size and format, made now if need be."""
        try:
            async with asyncio.timeout(max(_ENCODING, end - self._clock())):
                made = await self._sizes.make(goal, master)
        except TimeoutError:
            return Step(goal.url, "pending")
        except EdgeError as error:
            return Step(goal.url, "failed", code=error.code)
        return Step(goal.url, "derived" if made else "hit")


def _refused(error: EdgeError) -> Master:
    return Master("refused" if isinstance(error, _REFUSALS) else "failed", code=error.code)


def _affordable(master: Master, purse: Purse) -> Master:
    if master.state == "planned" and not purse.take(master.cost_micros):
        return Master("over_budget")
    return master
