"""Decides which size, shape and format of a picture a URL asks for: the derivative parameters."""

import re
from collections.abc import Mapping

from core.errors import FieldError, Invalid
from core.signing import SIGNATURE_PARAMETERS
from core.variants import FITS, FORMATS, Fit, Format, Wish
from edge.query import Parameters, refused
from edge.query_reader import QueryReader, nearest

SIDE_LIMIT = 100_000
QUALITY_LIMIT = 100
DENSITY_LIMIT = 3
WISH_PARAMETERS = ("w", "h", "dpr", "fit", "q", "fm", "fp-x", "fp-y")
# What other image servers call them.
WISH_SYNONYMS = {
    "width": "w",
    "height": "h",
    "density": "dpr",
    "devicepixelratio": "dpr",
    "resize": "fit",
    "mode": "fit",
    "crop": "fit",
    "quality": "q",
    "format": "fm",
    "fmt": "fm",
    "f": "fm",
    "auto": "fm",
    "x": "fp-x",
    "y": "fp-y",
    "focalx": "fp-x",
    "focaly": "fp-y",
    "focalpoint": "fp-x",
}

_FIT_SYNONYMS: dict[str, str] = {
    "crop": "cover",
    "fill": "cover",
    "pad": "contain",
    "letterbox": "contain",
    "clip": "inside",
    "max": "inside",
    "scaledown": "inside",
}
_FORMAT_SYNONYMS: dict[str, str] = {"jpg": "jpeg", "jpe": "jpeg", "pjpg": "jpeg", "avi": "avif"}
_DIGITS = re.compile("[0-9]{1,10}")
_DENSITY = re.compile(r"[0-9](\.[0-9]{1,2})?")
# As many digits as a program prints of a fraction.
_SHARE = re.compile(r"[01]|[01]?\.[0-9]{1,20}")
_PLAIN = Wish()
_FOCAL_CODE = "FOCAL_POINT_INVALID"


def image_wish(parameters: Parameters) -> Wish:
    """The wish of an address that takes nothing else but a signature.

    Raises Invalid with every bad field.
    """
    reader = QueryReader(parameters, (*WISH_PARAMETERS, *SIGNATURE_PARAMETERS), WISH_SYNONYMS)
    wish = read_wish(reader)
    reader.ensure_sound()
    return wish


def read_wish(reader: QueryReader) -> Wish:
    """The wish among the parameters of any address; what is wrong with it stays in the reader."""
    if not reader.mentions(*WISH_PARAMETERS):
        return _PLAIN
    return Wish(
        width=reader.read(None, lambda given: _side(given, "w", "WIDTH_INVALID"), "w"),
        height=reader.read(None, lambda given: _side(given, "h", "HEIGHT_INVALID"), "h"),
        density=reader.read(1.0, _density, "dpr"),
        fit=reader.read("cover", _fit, "fit"),
        quality=reader.read(None, _quality, "q"),
        format=reader.read(None, _format, "fm"),
        focal=reader.read(None, _focal, "fp-x", "fp-y"),
    )


def _side(given: Mapping[str, str], name: str, code: str) -> int | None:
    return _integer(given, name, code, SIDE_LIMIT)


def _quality(given: Mapping[str, str]) -> int | None:
    return _integer(given, "q", "QUALITY_INVALID", QUALITY_LIMIT)


def _integer(given: Mapping[str, str], name: str, code: str, limit: int) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not _DIGITS.fullmatch(text) or not 1 <= int(text) <= limit:
        raise refused(name, code, f"Use an integer from 1 to {limit}.")
    return int(text)


def _density(given: Mapping[str, str]) -> float:
    text = given.get("dpr", "1")
    if not _DENSITY.fullmatch(text) or not 1 <= float(text) <= DENSITY_LIMIT:
        message = f"Use a number from 1 to {DENSITY_LIMIT} with at most two decimals."
        raise refused("dpr", "DPR_INVALID", message)
    return float(text)


def _fit(given: Mapping[str, str]) -> Fit:
    text = given.get("fit", "cover")
    for fit in FITS:
        if text == fit:
            return fit
    suggestion = nearest(text, FITS, _FIT_SYNONYMS)
    raise refused("fit", "FIT_UNSUPPORTED", f"Use one of {', '.join(FITS)}.", suggestion)


def _format(given: Mapping[str, str]) -> Format | None:
    text = given.get("fm")
    if text is None:
        return None
    for kind in FORMATS:
        if text == kind:
            return kind
    message = f"Use one of {', '.join(FORMATS)}, or leave it out."
    suggestion = nearest(text, FORMATS, _FORMAT_SYNONYMS)
    raise refused("fm", "FORMAT_UNSUPPORTED", message, suggestion)


def _focal(given: Mapping[str, str]) -> tuple[float, float] | None:
    if "fp-x" not in given and "fp-y" not in given:
        return None
    problems = [each for name in ("fp-x", "fp-y") if (each := _off(given, name))]
    if problems:
        raise Invalid(fields=problems)
    return float(given["fp-x"]), float(given["fp-y"])


def _off(given: Mapping[str, str], name: str) -> FieldError | None:
    """What is wrong with one half of the focal point."""
    text = given.get(name)
    if text is None:
        return FieldError(name, _FOCAL_CODE, "Give both fp-x and fp-y, or neither.")
    if not _SHARE.fullmatch(text) or float(text) > 1:
        return FieldError(name, _FOCAL_CODE, "Use a decimal from 0 to 1.")
    return None
