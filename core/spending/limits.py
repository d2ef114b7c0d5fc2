"""What bounds spending: budgets, and the rates of keys and addresses. Money is micro-dollars."""

from dataclasses import dataclass
from typing import Literal

from core.spending.budgets import Window

Unit = Literal["micros", "pictures"]


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on what is spent within one window, in money or in pictures.

    ``subject`` names whose, e.g. ``installation``. ``payer`` is whom it concerns when it is used
    up; None: everybody.
    """

    subject: str
    window: Window
    limit: int
    unit: Unit = "micros"
    payer: str | None = None


@dataclass(frozen=True, slots=True)
class RateState:
    """How much work a key may still start: ``limit`` per window (0: no limit), ``remaining``,
    and ``reset``, unix seconds, when all of it is there again."""

    limit: int
    remaining: int
    reset: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many new pictures an hour one address may start through one scope: ``name`` is theirs."""

    name: str
    per_hour: int
