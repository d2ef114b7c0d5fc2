"""What is to be warmed, what became of it, and how much may be spent on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.live import Ask
from core.models import Picture
from core.variants import Wish

State = Literal[
    "hit",
    "generated",
    "derived",
    "planned",
    "pending",
    "refused",
    "failed",
    "over_budget",
    "skipped",
]


@dataclass(frozen=True, slots=True)
class Goal:
    """One address to be warmed. ``exact``: its visitors get the very size it names."""

    url: str
    ask: Ask
    wish: Wish
    exact: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one address, or would. ``code`` says why it was refused or failed."""

    url: str
    state: State
    cost_micros: int = 0
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Master:
    """The picture behind some addresses, or why there is none; what it cost, or would."""

    state: State
    picture: Picture | None = None
    cost_micros: int = 0
    code: str | None = None


class Purse:
    """What may still be spent, in micro-dollars; None is as much as the accounts allow."""

    def __init__(self, micros: int | None) -> None:
        self._left = micros

    def take(self, micros: int) -> bool:
        """Whether it was there, and now is not any more."""
        if self._left is None:
            return True
        if micros > self._left:
            return False
        self._left -= micros
        return True

    def give_back(self, micros: int) -> None:
        if self._left is not None:
            self._left += micros


def grouped(goals: Sequence[Goal]) -> list[list[Goal]]:
    """By picture, in the order of their first addresses."""
    groups: dict[str, list[Goal]] = {}
    for goal in goals:
        groups.setdefault(goal.ask.key.identity, []).append(goal)
    return list(groups.values())


def alike(group: Sequence[Goal], master: Master) -> list[Step]:
    """The same for all addresses of one picture, which costs once."""
    costs = [master.cost_micros] + [0] * (len(group) - 1)
    return [
        Step(goal.url, master.state, cost, master.code)
        for goal, cost in zip(group, costs, strict=True)
    ]


def in_order(
    goals: Sequence[Goal], groups: Sequence[Sequence[Goal]], told: Sequence[Sequence[Step]]
) -> list[Step]:
    """The steps of all groups in the order of the goals."""
    steps = {
        id(goal): step
        for group, some in zip(groups, told, strict=True)
        for goal, step in zip(group, some, strict=True)
    }
    return [steps[id(goal)] for goal in goals]
