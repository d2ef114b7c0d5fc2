"""Which part of a list is asked for, and by which filters: every parameter known, none twice."""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from starlette.requests import Request

from core.errors import FieldError, Invalid
from core.listing import Window
from edge.api.bad_fields import nearest
from edge.query import TOO_MANY_PARAMETERS, Parameters, parse_parameters, shown_name
from edge.state import State

LIMIT_DEFAULT, LIMIT_MOST = 20, 100
OFFSET_MOST = 10_000

# Longer texts are no ids, aliases or cursors of ours.
_LONGEST_VALUE = 500
# ASCII only: int() takes the digits of every script, signs and underscores too.
_DIGITS = re.compile("[0-9]{1,9}")
_CURSOR = re.compile("[A-Za-z0-9_.=-]{1,300}")
_WINDOW = ("limit", "offset", "cursor")
_NEXT = "pagination.nextCursor of the answer before as cursor"
_NO_CHOICES: Mapping[str, Sequence[str]] = MappingProxyType({})

FLAG = ("true", "false")


def window_of(
    request: Request[State],
    *known: str,
    choices: Mapping[str, Sequence[str]] = _NO_CHOICES,
) -> tuple[Window, dict[str, str]]:
    """The window and the filters that were given.

    ``known`` are free filters, ``choices`` those with a fixed set of values. Raises Invalid with
    every bad parameter.
    """
    given, problems = _read(request, (*_WINDOW, *known), choices)
    numbers = _numbers(given, problems)
    cursor = given.pop("cursor", None)
    if cursor is not None and not _CURSOR.fullmatch(cursor):
        message = f"Use {_NEXT}, unchanged."
        problems.append(FieldError("cursor", "CURSOR_INVALID", message))
    if problems:
        raise Invalid(fields=problems)
    return Window(limit=numbers["limit"], offset=numbers["offset"], cursor=cursor), given


def parameters_of(
    request: Request[State],
    *known: str,
    choices: Mapping[str, Sequence[str]] = _NO_CHOICES,
) -> dict[str, str]:
    """The same for addresses that are no list. Raises Invalid with every bad parameter."""
    given, problems = _read(request, known, choices)
    if problems:
        raise Invalid(fields=problems)
    return given


def flag(given: Mapping[str, str], name: str) -> bool:
    """A parameter with the choices FLAG; absent means false."""
    return given.get(name) == "true"


def _read(
    request: Request[State], free: Sequence[str], choices: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], list[FieldError]]:
    parameters = parse_parameters(request.scope["query_string"])
    problems = list(parameters.problems)
    if _overfull(parameters):
        return {}, problems
    known = [*free, *choices]
    given = dict(parameters.decoded)
    for name, value in parameters.decoded.items():
        if name not in known:
            problems.append(_unknown(name, known))
        elif name in choices and value not in choices[name]:
            problems.append(_not_a_choice(name, value, choices[name]))
        elif not value or len(value) > _LONGEST_VALUE or "\0" in value:
            problems.append(FieldError(name, "VALUE_INVALID", "Give a value, or leave it out."))
    return given, problems


def _numbers(given: dict[str, str], problems: list[FieldError]) -> dict[str, int]:
    """``limit`` and ``offset``, taken out of ``given``."""
    rules: dict[str, tuple[int, Callable[[int], bool], str]] = {
        "limit": (
            LIMIT_DEFAULT,
            lambda limit: 1 <= limit <= LIMIT_MOST,
            f"Use an integer from 1 to {LIMIT_MOST}.",
        ),
        "offset": (
            0,
            lambda offset: offset <= OFFSET_MOST,
            f"Use an integer from 0 to {OFFSET_MOST}; further on, use {_NEXT}.",
        ),
    }
    numbers = {}
    for name, (otherwise, fits, message) in rules.items():
        text = given.pop(name, str(otherwise))
        sound = _DIGITS.fullmatch(text) is not None and fits(int(text))
        numbers[name] = int(text) if sound else otherwise
        if not sound and all(problem.name != name for problem in problems):
            problems.append(FieldError(name, f"{name.upper()}_INVALID", message))
    return numbers


def _overfull(parameters: Parameters) -> bool:
    return any(problem.code == TOO_MANY_PARAMETERS for problem in parameters.problems)


def _unknown(name: str, known: list[str]) -> FieldError:
    message = "This address takes no parameters."
    if known:
        message = f"There is no such parameter. Known are {', '.join(known)}."
    return FieldError(shown_name(name), "UNKNOWN_PARAMETER", message, nearest(name, known))


def _not_a_choice(name: str, value: str, choices: Sequence[str]) -> FieldError:
    message = f"Use one of {', '.join(choices)}."
    return FieldError(name, "VALUE_INVALID", message, nearest(value, list(choices)))
