"""Chance that is no chance: the same key rolls the same numbers on every machine, for ever."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")


class Dice:
    """An endless row of numbers drawn from a text. Not for secrets."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._rolls = 0

    def roll(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number from ``low`` up to, not including, ``high``."""
        self._rolls += 1
        salt = self._rolls.to_bytes(8, "big")
        drawn = hashlib.blake2b(self._key, digest_size=6, salt=salt).digest()
        return low + (high - low) * int.from_bytes(drawn, "big") / 2**48

    def count(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self.roll() * (high - low + 1))

    def pick(self, choices: Sequence[Choice]) -> Choice:
        return choices[int(self.roll() * len(choices))]
