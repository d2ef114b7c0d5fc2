"""What bounds spending: budgets, and the rate of a key. Amounts are micro-dollars."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on spending within one window. ``subject`` names whose, e.g. ``installation``."""

    subject: str
    window: Literal["hour", "day", "month"]
    limit_micros: int


@dataclass(frozen=True, slots=True)
class RateState:
    """How much work a key may still start: ``limit`` per window (0: no limit), ``remaining``,
    and ``reset``, unix seconds, when all of it is there again."""

    limit: int
    remaining: int
    reset: int
