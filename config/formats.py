"""How a setting's text becomes its type: each reader can say what it expects."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

Reader = Callable[[object], object]

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmg]i?b|b)?", re.IGNORECASE)
_UNITS = {
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}
# A billion dollars, far inside a 64-bit column.
_MOST_MICROS = 10**15
_RATE = re.compile(r"(\d+) ?/ ?(second|minute|hour|day)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_PROJECT = re.compile("[a-z0-9_-]{1,64}/[a-z0-9_-]{1,64}")
_ON = ("on", "true", "yes", "1")
_OFF = ("off", "false", "no", "0")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many within so many seconds."""

    count: int
    seconds: int


def text_of(value: object) -> str:
    """A setting as written: ``True`` is ``on``, everything else its own text, trimmed."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value).strip()


def optional(reader: Reader) -> Reader:
    """The empty text is None; everything else is for the reader."""
    return lambda value: None if text_of(value) == "" else reader(value)


def unless_none(reader: Reader) -> Reader:
    """The word none is None; everything else is for the reader."""
    return lambda value: None if text_of(value).lower() == "none" else reader(value)


def one_of(*choices: str) -> Reader:
    def read(value: object) -> str:
        word = text_of(value).lower()
        if word not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return word

    return read


def switch(value: object) -> bool:
    word = text_of(value).lower()
    if word not in _ON + _OFF:
        raise ValueError("on or off")
    return word in _ON


def whole(least: int, most: int) -> Reader:
    def read(value: object) -> int:
        try:
            number = int(text_of(value))
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return number

    return read


def seconds(least: float, most: float) -> Reader:
    """A duration: a number, with or without a trailing ``s``."""

    def read(value: object) -> float:
        try:
            number = float(text_of(value).removesuffix("s"))
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise ValueError(f"a number of seconds from {least:g} to {most:g}")
        return number

    return read


def size(value: object) -> int:
    """Bytes: a plain number, or one with a unit."""
    match = _SIZE.fullmatch(text_of(value))
    if match is None:
        raise ValueError('a size such as 5000000 or "256MiB" (KB, MB, GB, KiB, MiB, GiB)')
    return int(Decimal(match[1]) * _UNITS[(match[2] or "b").lower()])


def money(value: object) -> int:
    """Dollars, returned in whole micro-dollars."""
    try:
        micros = Decimal(text_of(value)) * 1_000_000
    except InvalidOperation:
        micros = Decimal(-1)
    if micros.is_nan():
        micros = Decimal(-1)
    if not 0 <= micros <= _MOST_MICROS or micros != micros.to_integral_value():
        raise ValueError('an amount of dollars such as "10.00"')
    return int(micros)


def phrases(value: object) -> tuple[str, ...]:
    """A list, or text separated by commas, of words and phrases."""
    words = value if isinstance(value, list | tuple) else text_of(value).split(",")
    given = tuple(text_of(word) for word in words if text_of(word))
    if not all(any(character.isalnum() for character in each) for each in given):
        raise ValueError("words or phrases with at least one letter or digit each")
    return given


def phrases_by_project(value: object) -> dict[str, tuple[str, ...]]:
    """A table, or a JSON object, from ``organization/project`` to phrases."""
    try:
        table = value if isinstance(value, dict) else json.loads(text_of(value) or "{}")
        named = isinstance(table, dict) and all(map(_PROJECT.fullmatch, table))
    except ValueError:
        named = False
    if not named:
        raise ValueError('lists of words by project, such as {"main/site" = ["casino"]}')
    return {project: phrases(words) for project, words in table.items()}


def rate(value: object) -> RateLimit | None:
    """``100/hour``; 0 is None: no limit."""
    if text_of(value) == "0":
        return None
    match = _RATE.fullmatch(text_of(value).lower())
    if match is None or int(match[1]) == 0:
        raise ValueError('a rate such as "100/hour" (second, minute, hour, day), or 0 for no limit')
    return RateLimit(int(match[1]), _SECONDS[match[2]])
