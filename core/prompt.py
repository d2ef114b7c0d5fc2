"""Decides which text a prompt is: the one form that is hashed, stored and sent to the model."""

import re
import unicodedata

from core.errors import FieldError, Invalid

LIVE_PROMPT_LIMIT = 1000
REST_PROMPT_LIMIT = 4000

# The lists are spelled out instead of asking the running Python's Unicode tables, so that the same
# prompt has the same identity whichever Unicode version is installed.

# The 25 characters with the property White_Space (Unicode, PropList.txt).
_WHITE_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")

# Invisible characters without a meaning of their own: soft hyphen, zero-width space, word joiner,
# byte order mark and their kin, and the bidirectional controls, which can make a text look like
# another one. ZWNJ, ZWJ, variation selectors and tag characters shape emoji, Persian and Indic
# scripts, so they stay.
_DROPPED = re.compile("[\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")

_CONTROLS = re.compile("[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")

_PLANE_ENDS = "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
# Lone surrogates, noncharacters, and U+FFFD: the scar of a text that was decoded wrongly before.
_IMPOSSIBLE = re.compile(f"[\ud800-\udfff\ufdd0-\ufdef\ufffd{_PLANE_ENDS}]")

# What stays but shows nothing by itself.
_SHAPING = " \u200c\u200d\ufe0e\ufe0f"

# One composed character stands for at most four (UAX 15, expansion factors of NFD).
_MOST_COMPOSED = 4


def normalise(text: str) -> str:
    """The one form of a text: NFC, single ASCII spaces, trimmed, nothing invisible.

    Case and compatibility characters stay as they are. Applying it again changes nothing: spaces
    never compose (UAX 15), so composing last makes neither a space nor a dropped character.

    Raises Invalid with CONTROL_CHARACTER or INVALID_CHARACTER.
    """
    return unicodedata.normalize("NFC", _cleaned(text))


def checked_prompt(text: str | None, limit: int = LIVE_PROMPT_LIMIT) -> str:
    """The normalised prompt, 1 to ``limit`` code points long; None stands for absent.

    Raises Invalid with PROMPT_MISSING, PROMPT_EMPTY, PROMPT_TOO_LONG or the codes of normalise.
    """
    if text is None:
        raise _refused("PROMPT_MISSING", "Say what the picture shows: prompt=a+red+lighthouse.")
    cleaned = _cleaned(text)
    # Composing takes quadratic time on long runs of accents, so what is too long anyway goes first.
    if len(cleaned) > limit * _MOST_COMPOSED:
        raise _too_long(len(cleaned), limit)
    prompt = unicodedata.normalize("NFC", cleaned)
    if not prompt.strip(_SHAPING):
        raise _refused("PROMPT_EMPTY", "The prompt has nothing to draw in it; describe a picture.")
    if len(prompt) > limit:
        raise _too_long(len(prompt), limit)
    return prompt


def _cleaned(text: str) -> str:
    if _CONTROLS.search(text):
        raise _refused("CONTROL_CHARACTER", "Remove the control characters.")
    if _IMPOSSIBLE.search(text):
        raise _refused(
            "INVALID_CHARACTER",
            "Remove U+FFFD, noncharacters and lone surrogates; the text was decoded wrongly.",
        )
    return _WHITE_SPACE.sub(" ", _DROPPED.sub("", text)).strip(" ")


def _too_long(actual: int, limit: int) -> Invalid:
    message = f"The prompt has {actual} characters; at most {limit} fit (max {limit})."
    if limit < REST_PROMPT_LIMIT:
        message += f" POST /api/v1/generations takes up to {REST_PROMPT_LIMIT}."
    return _refused("PROMPT_TOO_LONG", message)


def _refused(code: str, message: str) -> Invalid:
    return Invalid(fields=[FieldError("prompt", code, message)])
