"""Decides what the query of a live URL asks for, or says everything that is wrong with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from core.errors import Invalid
from core.live_request import DEFAULT_TEMPLATE, SEED_LIMIT, TEMPLATES, LiveRequest
from core.prompt import checked_prompt
from core.ratio import DEFAULT_RATIO, canonical_ratio
from core.signing import SIGNATURE_PARAMETERS
from core.variants import Wish
from edge.query import PARAMETER_LIMIT, Parameters, decoded_base64, refused
from edge.query_reader import QueryReader, nearest
from edge.wish_query import WISH_PARAMETERS, WISH_SYNONYMS, read_wish

LONGEST_WAIT = 55

_KNOWN = (
    "prompt",
    "prompt64",
    "aspectRatio",
    "ar",
    "seed",
    "model",
    "autoEnhance",
    "template",
    *WISH_PARAMETERS,
    "wait",
    *SIGNATURE_PARAMETERS,
)
_SYNONYMS = {**WISH_SYNONYMS, "ratio": "aspectRatio", "size": "aspectRatio"}
_MODEL = re.compile("[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
_UP_TO_TEN_DIGITS = re.compile("[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class LiveQuery:
    """What is asked for, in which size and format, and for how many seconds the caller waits."""

    request: LiveRequest
    wish: Wish
    wait: int


def live_query(parameters: Parameters, longest_wait: int = LONGEST_WAIT) -> LiveQuery:
    """Everything the query says. ``longest_wait`` is also what holds when the caller says nothing.

    Raises Invalid with every bad field.
    """
    reader = QueryReader(parameters, _KNOWN, _SYNONYMS)
    asked = LiveQuery(
        request=LiveRequest(
            prompt=reader.read("", _prompt, "prompt", "prompt64"),
            ratio=reader.read(DEFAULT_RATIO, _ratio, "aspectRatio", "ar"),
            seed=reader.read(None, _seed, "seed"),
            model=reader.read(None, _model, "model"),
            auto_enhance=reader.read(False, _auto_enhance, "autoEnhance"),
            template=reader.read(None, _template, "template"),
        ),
        wish=read_wish(reader),
        wait=reader.read(longest_wait, lambda given: _wait(given, longest_wait), "wait"),
    )
    reader.ensure_sound()
    return asked


def asked_ratio(query: bytes) -> str:
    """The ratio an error card should have: the asked one, or 1:1 if that is what is wrong."""
    parts = (part.partition(b"=") for part in query.split(b"&", PARAMETER_LIMIT))
    asked = [value for name, _, value in parts if name in {b"aspectRatio", b"ar"}]
    try:
        text = unquote_to_bytes(asked[0]).decode("ascii") if len(asked) == 1 else DEFAULT_RATIO
        return canonical_ratio(text)
    except (Invalid, UnicodeDecodeError):
        return DEFAULT_RATIO


def _prompt(given: Mapping[str, str]) -> str:
    encoded = given.get("prompt64")
    if encoded is None:
        return checked_prompt(given.get("prompt"))
    if "prompt" in given:
        raise refused("prompt64", "DUPLICATE_PARAMETER", "Give prompt or prompt64, not both.")
    return checked_prompt(decoded_base64(encoded, "prompt64"))


def _ratio(given: Mapping[str, str]) -> str:
    if "ar" in given and "aspectRatio" in given:
        raise refused("ar", "DUPLICATE_PARAMETER", "Give aspectRatio or ar, not both.")
    return canonical_ratio(given.get("aspectRatio", given.get("ar", DEFAULT_RATIO)))


def _seed(given: Mapping[str, str]) -> int | None:
    text = given.get("seed")
    return None if text is None else _integer("seed", text, SEED_LIMIT)


def _wait(given: Mapping[str, str], longest: int) -> int:
    text = given.get("wait")
    return longest if text is None else _integer("wait", text, longest)


def _integer(name: str, text: str, limit: int) -> int:
    if not _UP_TO_TEN_DIGITS.fullmatch(text) or int(text) > limit:
        raise refused(name, f"{name.upper()}_INVALID", f"Use an integer from 0 to {limit}.")
    return int(text)


def _model(given: Mapping[str, str]) -> str | None:
    text = given.get("model")
    if text is not None and not _MODEL.fullmatch(text):
        raise refused("model", "MODEL_INVALID", "Name a model as owner/name, or leave it out.")
    return text


def _auto_enhance(given: Mapping[str, str]) -> bool:
    text = given.get("autoEnhance", "false")
    if text not in {"true", "false"}:
        raise refused("autoEnhance", "AUTO_ENHANCE_INVALID", "Use true or false.")
    return text == "true"


def _template(given: Mapping[str, str]) -> str | None:
    text = given.get("template")
    enhanced = given.get("autoEnhance") == "true"
    if text is None:
        return DEFAULT_TEMPLATE if enhanced else None
    if text not in TEMPLATES:
        message = f"Use one of {', '.join(TEMPLATES)}."
        raise refused("template", "TEMPLATE_UNSUPPORTED", message, nearest(text, TEMPLATES))
    if not enhanced:
        message = "A template shapes the enhancement: add autoEnhance=true, or leave it out."
        raise refused("template", "TEMPLATE_WITHOUT_AUTO_ENHANCE", message)
    return text
