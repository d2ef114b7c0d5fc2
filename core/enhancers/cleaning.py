"""Makes a prompt of what a language model answered, or finds that it answered something else."""

import re

from core.errors import Invalid
from core.prompt import REST_PROMPT_LIMIT, checked_prompt, normalise

# More than this is no prompt with manners, and not worth reading.
_LONGEST_ANSWER = 40_000
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"\A\s*```[a-z]*\s|```\s*\Z", re.IGNORECASE)
_HEADING = re.compile(
    r"\A\**(?:(?:enhanced|rewritten|final|improved|image|here is the|here's the) )*prompt"
    r"\**:\**\s*",
    re.IGNORECASE,
)
_APOLOGY = re.compile(
    r"\A(?:i['\u2019]?m sorry\b|sorry[,.!]|i apologi[sz]e\b|as an ai\b"
    r"|i (?:can['\u2019]?t|cannot|am unable|am not able|won['\u2019]?t)\b)",
    re.IGNORECASE,
)
# Straight, typographic and angle quotes.
_QUOTES = {
    '"': '"',
    "'": "'",
    "`": "`",
    "\u201c": "\u201d",
    "\u2018": "\u2019",
    "\u00ab": "\u00bb",
}


class EnhancementFailed(Exception):
    """The language model gave no usable prompt; the text says why, and repeats nothing of it."""


def cleaned(answer: str) -> str:
    """One line without quotes, fences or headings, of at most REST_PROMPT_LIMIT characters.

    Raises EnhancementFailed for an empty answer, an apology, or text that is no prompt.
    """
    text = _FENCE.sub("", _THOUGHTS.sub("", answer[:_LONGEST_ANSWER]))
    try:
        line = _unquoted(_HEADING.sub("", _unquoted(normalise(text))))
        if _APOLOGY.match(line):
            raise EnhancementFailed("an apology")
        return checked_prompt(_cut(line), REST_PROMPT_LIMIT)
    except Invalid as refused:
        raise EnhancementFailed(refused.fields[0].code) from None


def _unquoted(line: str) -> str:
    """Without the one pair of quotes around all of it."""
    if len(line) > 1 and _QUOTES.get(line[0]) == line[-1] and line[0] not in line[1:-1]:
        return line[1:-1].strip()
    return line


def _cut(line: str) -> str:
    """Whole words only, unless it is one long word."""
    if len(line) <= REST_PROMPT_LIMIT:
        return line
    start = line[: REST_PROMPT_LIMIT + 1].rpartition(" ")[0]
    return (start or line[:REST_PROMPT_LIMIT]).rstrip(" ,;")
