"""Warming under a clock: what does not fit in is left for the next call, and nothing is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from cache.entry import Key
from core.errors import (
    Busy,
    ContentRefused,
    EdgeError,
    GenerationTimeout,
    GeneratorFailed,
    RateLimitExceeded,
    StoreDown,
)
from core.live import Answer, Ask, Pending
from core.live_request import LiveRequest
from core.models import Model, Picture
from core.spending.visitor import Visitor
from core.variants import Wish
from core.warming.service import Warming
from core.warming.steps import Goal, Step
from tests.core.fakes import PROJECT

PRICE = 3000
MODEL = Model("owner/fast", "1", "replicate", PRICE, {"1:1": (8, 8)})


def goal(name: str, wish: Wish = Wish()) -> Goal:  # noqa: B008 - frozen, so one is enough
    ask = Ask(Visitor(PROJECT), LiveRequest(name, "1:1"), MODEL, Key(name, name))
    return Goal(f"/{name}", ask, wish, exact=True)


def picture(name: str) -> Picture:
    return Picture(b"", "image/png", name, 0, name, "replicate", "", 8, 8, name, stand_in=False)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Doors:
    """The live door, and what is made of masters; ``outcome`` is asked by the prompt."""

    outcome: Callable[[str, float], Awaitable[Any]]
    stored: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    sized: list[str] = field(default_factory=list)
    running: int = 0
    most: int = 0

    async def peek(self, ask: Ask) -> Answer | None:
        name = ask.request.prompt
        return Answer(picture(name), "hit", stored=True) if name in self.stored else None

    async def fetch(self, ask: Ask, *, wait: float) -> Answer | Pending:
        name = ask.request.prompt
        self.asked.append(name)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            outcome = await self.outcome(name, wait)
        finally:
            self.running -= 1
        if isinstance(outcome, EdgeError):
            raise outcome
        if isinstance(outcome, Pending):
            return outcome
        self.stored.add(name)
        return Answer(picture(name), outcome, stored=True)

    async def make(self, goal: Goal, master: Picture) -> bool:
        self.sized.append(goal.url)
        return not goal.wish.plain


def warming(doors: Doors, clock: Clock | None = None, **more: Any) -> Warming:
    parts: Any = doors
    return Warming(live=parts, explainer=parts, sizes=parts, clock=clock or Clock(), **more)


async def always_new(_name: str, _wait: float) -> str:
    return "miss"


def told(steps: list[Step]) -> list[tuple[str, int, str | None]]:
    return [(step.state, step.cost_micros, step.code) for step in steps]


async def test_when_the_time_is_over_the_rest_is_pending_and_the_next_call_goes_on() -> None:
    clock = Clock()

    async def slow(_name: str, _wait: float) -> str:
        clock.now += 20
        return "miss"

    doors = Doors(slow)
    goals = [goal(str(number)) for number in range(5)]
    first = await warming(doors, clock, at_once=1).warm(goals, None)
    made = ("generated", PRICE, None)
    assert told(first) == [made, made, made, ("pending", 0, None), ("pending", 0, None)]
    second = await warming(doors, clock, at_once=1).warm(goals, None)
    assert told(second) == [*[("hit", 0, None)] * 3, made, made]
    assert doors.asked == ["0", "1", "2", "3", "4"]


async def test_what_is_still_being_made_at_the_end_is_pending_and_paid() -> None:
    waits = []

    async def unfinished(_name: str, wait: float) -> Pending:
        waits.append(wait)
        return Pending(None)

    steps = await warming(Doors(unfinished)).warm([goal("a"), goal("a", Wish(width=4))], None)
    assert told(steps) == [("pending", PRICE, None), ("pending", 0, None)]
    assert waits == [50.0]


async def test_only_so_many_pictures_are_made_at_once() -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    doors = Doors(always_new)

    async def held(_name: str, _wait: float) -> str:
        if doors.running == 3:
            begun.set()
        await go.wait()
        return "miss"

    doors.outcome = held
    work = asyncio.create_task(
        warming(doors, at_once=3).warm([goal(str(number)) for number in range(9)], None)
    )
    await begun.wait()
    go.set()
    steps = await work
    assert {step.state for step in steps} == {"generated"}
    assert doors.most == 3


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (RateLimitExceeded(), ("refused", 0, "RATE_LIMIT_EXCEEDED")),
        (ContentRefused(), ("refused", 0, "CONTENT_REFUSED")),
        (GeneratorFailed(), ("failed", 0, "GENERATOR_FAILED")),
        (Busy(), ("failed", 0, "BUSY")),
        (StoreDown(), ("failed", 0, "STORE_UNAVAILABLE")),
        (GenerationTimeout(), ("failed", PRICE, "GENERATION_TIMEOUT")),
    ],
)
async def test_one_that_fails_leaves_the_others_their_budget(
    error: EdgeError, step: tuple[str, int, str | None]
) -> None:
    async def first_fails(name: str, _wait: float) -> Any:
        return error if name == "0" else "miss"

    goals = [goal("0"), goal("1")]
    steps = await warming(Doors(first_fails), at_once=1).warm(goals, PRICE)
    paid = step[1] > 0
    assert told(steps) == [step, ("over_budget", 0, None) if paid else ("generated", PRICE, None)]


async def test_what_somebody_else_has_made_at_the_same_time_is_free() -> None:
    async def joined(_name: str, _wait: float) -> str:
        return "coalesced"

    steps = await warming(Doors(joined), at_once=1).warm([goal("0"), goal("1")], PRICE)
    assert told(steps) == [("hit", 0, None), ("hit", 0, None)]


async def test_addresses_of_one_picture_are_one_order_in_the_order_they_came() -> None:
    doors = Doors(always_new)
    small = Wish(width=4)
    goals = [goal("a", small), goal("b"), goal("a"), goal("b", small)]
    steps = await warming(doors).warm(goals, None)
    assert [step.url for step in steps] == ["/a", "/b", "/a", "/b"]
    assert told(steps) == [
        ("generated", PRICE, None),
        ("generated", PRICE, None),
        ("hit", 0, None),
        ("derived", 0, None),
    ]
    assert sorted(doors.asked) == ["a", "b"]


async def test_a_size_that_fails_leaves_the_picture_paid() -> None:
    class Crowded(Doors):
        async def make(self, goal: Goal, master: Picture) -> bool:
            if not goal.wish.plain:
                raise Busy
            return False

    steps = await warming(Crowded(always_new)).warm([goal("a", Wish(width=4)), goal("a")], None)
    assert told(steps) == [("failed", PRICE, "BUSY"), ("hit", 0, None)]
