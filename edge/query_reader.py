"""Reads parameter after parameter of a query, and collects everything that is wrong with them."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import TypeVar

from core.errors import FieldError, Invalid
from edge.query import TOO_MANY_PARAMETERS, Parameters, shown_name

T = TypeVar("T")

_NONE: Mapping[str, str] = MappingProxyType({})
# Longer words are compared by their beginning: the comparison takes quadratic time.
_COMPARED = 40


class QueryReader:
    """``known`` are the names this address takes; ``synonyms`` are other names of these, folded,
    that are refused with the right one as the suggestion."""

    def __init__(
        self, parameters: Parameters, known: Sequence[str], synonyms: Mapping[str, str] = _NONE
    ) -> None:
        self._given = parameters.decoded
        self._overfull = any(problem.code == TOO_MANY_PARAMETERS for problem in parameters.problems)
        unknown = [_unknown(name, known, synonyms) for name in self._given if name not in known]
        self._problems = [*parameters.problems, *unknown]

    def mentions(self, *names: str) -> bool:
        """Whether any of these was given, and could be decoded."""
        return any(name in self._given for name in names)

    def read(self, otherwise: T, read: Callable[[Mapping[str, str]], T], *names: str) -> T:
        """What ``read`` makes of the parameters, ``names`` being those it looks at."""
        # A parameter that did not decode is not missing as well.
        if self._overfull or any(problem.name in names for problem in self._problems):
            return otherwise
        try:
            return read(self._given)
        except Invalid as refusal:
            self._problems.extend(refusal.fields)
            return otherwise

    def ensure_sound(self) -> None:
        """Raises Invalid with every bad field."""
        if self._problems:
            raise Invalid(fields=self._problems)


def nearest(text: str, known: Sequence[str], synonyms: Mapping[str, str] = _NONE) -> str | None:
    """The known word that was probably meant."""
    word = _folded(text)
    folded = {**synonyms, **{_folded(name): name for name in known}}
    if word in folded:
        return folded[word]
    matches = get_close_matches(word, folded, n=1)
    return folded[matches[0]] if matches else None


def _unknown(name: str, known: Sequence[str], synonyms: Mapping[str, str]) -> FieldError:
    message = f"There is no such parameter. Known are {', '.join(known)}."
    return FieldError(
        shown_name(name), "UNKNOWN_PARAMETER", message, nearest(name, known, synonyms)
    )


def _folded(text: str) -> str:
    return text[:_COMPARED].lower().replace("-", "").replace("_", "")
