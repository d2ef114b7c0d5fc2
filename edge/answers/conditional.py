"""Decides what a conditional or range request gets of a stored picture (RFC 9110, 13 and 14)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from enum import Enum

_ENTITY_TAG = re.compile(r'[ \t]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|\Z)')
_EMPTY_MEMBER = re.compile(r"[ \t]*,")
_RANGES = re.compile(r"bytes=(.*)", re.IGNORECASE | re.DOTALL)
_RANGE = re.compile(r"([0-9]*)-([0-9]*)")
# Longer than any picture; int() refuses numbers of thousands of digits.
_FAR = 10**18
_FAR_DIGITS = 18
# RFC 9110, 5.6.7: the form of today and the two of the past that must still be understood.
_DATE_FORMS = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


@dataclass(frozen=True, slots=True)
class Conditions:
    """The request fields that shape an answer without changing what it is about."""

    if_none_match: str | None = None
    if_modified_since: str | None = None
    range: str | None = None
    if_range: str | None = None


_FIELDS = {
    b"if-none-match": "if_none_match",
    b"if-modified-since": "if_modified_since",
    b"range": "range",
    b"if-range": "if_range",
}


def conditions_of(headers: Iterable[tuple[bytes, bytes]]) -> Conditions:
    """Read from raw headers with lower-case names; repeated fields are joined, as a list would."""
    found: dict[str, str] = {}
    for name, value in headers:
        field = _FIELDS.get(name)
        if field is not None:
            text = value.decode("latin-1")
            found[field] = f"{found[field]}, {text}" if field in found else text
    return Conditions(**found)


class Selection(Enum):
    """What is sent when it is no part of the picture."""

    WHOLE = "whole"
    NOT_MODIFIED = "not modified"
    UNSATISFIABLE = "unsatisfiable"


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from ``start`` up to, not including, ``stop``."""

    start: int
    stop: int


def select(
    method: str, conditions: Conditions, *, etag: str, modified: int, length: int
) -> Selection | Part:
    """Which of 200, 304, 206 and 416 the request gets; what is malformed is ignored.

    ``etag`` is the strong entity tag with its quotes, ``modified`` unix seconds.
    """
    if _is_current(conditions, etag, modified):
        return Selection.NOT_MODIFIED
    # A range has a meaning for GET alone (RFC 9110, 14.2).
    if method != "GET" or conditions.range is None:
        return Selection.WHOLE
    if conditions.if_range is not None and not _still(conditions.if_range, etag, modified):
        return Selection.WHOLE
    return _ranged(conditions.range, length)


def http_date(seconds: int) -> str:
    """IMF-fixdate of unix seconds."""
    return formatdate(seconds, usegmt=True)


def _is_current(conditions: Conditions, etag: str, modified: int) -> bool:
    if conditions.if_none_match is not None:
        # Even a malformed list switches If-Modified-Since off: the caller asked for more.
        return _lists(conditions.if_none_match, etag)
    if conditions.if_modified_since is None:
        return False
    since = _seconds(conditions.if_modified_since)
    return since is not None and modified <= since


def _lists(field: str, etag: str) -> bool:
    """Weak comparison (RFC 9110, 8.8.3.2) with every member; False when the list is malformed."""
    if field.strip() == "*":
        return True
    found, position = False, 0
    while position < len(field):
        if member := _ENTITY_TAG.match(field, position):
            found = found or member[1].removeprefix("W/") == etag
        else:
            member = _EMPTY_MEMBER.match(field, position)
        if member is None:
            return found and not field[position:].strip()
        position = member.end()
    return found


def _still(field: str, etag: str, modified: int) -> bool:
    """If-Range holds for the very same tag, or for exactly our date (RFC 9110, 13.1.5)."""
    value = field.strip()
    if value.startswith(('"', "W/")):
        return value == etag
    return _seconds(value) == modified


def _seconds(text: str) -> int | None:
    for form in _DATE_FORMS:
        try:
            moment = datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return int(moment.timestamp())
    return None


def _ranged(field: str, length: int) -> Selection | Part:
    unit = _RANGES.fullmatch(field.strip())
    if unit is None:
        return Selection.WHOLE
    members = [member.strip() for member in unit[1].split(",")]
    members = [member for member in members if member]
    # Several ranges get the whole: allowed, and nobody multiplies our bytes by asking cleverly.
    if len(members) != 1:
        return Selection.WHOLE
    match = _RANGE.fullmatch(members[0])
    if match is None or members[0] == "-":
        return Selection.WHOLE
    return _part(match[1], match[2], length)


def _part(first: str, last: str, length: int) -> Selection | Part:
    if not first:
        suffix = min(_number(last), length)
        return Part(length - suffix, length) if suffix else Selection.UNSATISFIABLE
    start = _number(first)
    if last and _number(last) < start:
        return Selection.WHOLE
    if start >= length:
        return Selection.UNSATISFIABLE
    return Part(start, min(_number(last) + 1, length) if last else length)


def _number(digits: str) -> int:
    bare = digits.lstrip("0")
    return _FAR if len(bare) > _FAR_DIGITS else int(bare or "0")
