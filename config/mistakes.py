"""What is wrong with the settings, in sentences that say how to mend it."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config.variables import Place


class SettingsError(Exception):
    """Every mistake at once; each sentence names the variable, what is wrong and the format."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One sentence, and the settings it rests on."""

    sentence: str
    concerns: frozenset[Place] = frozenset()


def unknown(what: str, word: str, known: Iterable[str]) -> Mistake:
    """``what`` is not a setting; the nearest known name is offered."""
    nearest = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    offer = f"; did you mean {nearest[0]}?" if nearest else "; see config/default.toml."
    return Mistake(f"{what}: there is no such setting{offer}")
