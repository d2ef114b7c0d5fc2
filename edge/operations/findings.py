"""What a look at one part of the installation found."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: which part, how it is, and what to do about it if anything."""

    part: str
    state: Literal["ok", "warn", "fail"]
    message: str


def ok(part: str, message: str) -> Finding:
    return Finding(part, "ok", message)


def warn(part: str, message: str) -> Finding:
    return Finding(part, "warn", message)


def fail(part: str, message: str) -> Finding:
    return Finding(part, "fail", message)
