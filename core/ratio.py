"""Decides which aspect ratio was meant: one canonical token, or a refusal with the nearest one."""

import math
import re

from core.errors import FieldError, Invalid

DEFAULT_RATIO = "1:1"

# By lowest terms, because 21:9 is also asked for as 2520x1080, which reduces to 7:3.
_BY_LOWEST_TERMS = {
    (1, 1): DEFAULT_RATIO,
    (16, 9): "16:9",
    (9, 16): "9:16",
    (4, 3): "4:3",
    (3, 4): "3:4",
    (3, 2): "3:2",
    (2, 3): "2:3",
    (5, 4): "5:4",
    (4, 5): "4:5",
    (7, 3): "21:9",
    (3, 7): "9:21",
}
RATIOS = tuple(_BY_LOWEST_TERMS.values())

_GRAMMAR = re.compile("([1-9][0-9]{0,4})[:x]([1-9][0-9]{0,4})")


def canonical_ratio(text: str) -> str:
    """``16:9`` for ``16:9``, ``16x9``, ``1920:1080`` and ``1920x1080``: exact reductions only.

    Raises Invalid with ASPECT_RATIO_INVALID (empty) or ASPECT_RATIO_UNSUPPORTED, which lists the
    ratios there are and suggests the nearest.
    """
    if not text:
        raise _refused("ASPECT_RATIO_INVALID", "aspectRatio is empty. Leave it out for 1:1.")
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise _unsupported(None)
    width, height = int(match[1]), int(match[2])
    divisor = math.gcd(width, height)
    ratio = _BY_LOWEST_TERMS.get((width // divisor, height // divisor))
    if ratio is None:
        raise _unsupported(_nearest(width, height))
    return ratio


def _nearest(width: int, height: int) -> str:
    # By logarithm, so that landscape and portrait are treated alike.
    asked = math.log(width / height)
    terms = min(_BY_LOWEST_TERMS, key=lambda other: abs(asked - math.log(other[0] / other[1])))
    return _BY_LOWEST_TERMS[terms]


def _unsupported(nearest: str | None) -> Invalid:
    message = f"Use one of {', '.join(RATIOS)}."
    return _refused("ASPECT_RATIO_UNSUPPORTED", message, nearest)


def _refused(code: str, message: str, suggestion: str | None = None) -> Invalid:
    return Invalid(fields=[FieldError("aspectRatio", code, message, suggestion)])
