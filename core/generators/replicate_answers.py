"""What goes to Replicate and what comes back, in our words: pure translations."""

import re
from typing import Any

from core.errors import ContentRefused, EdgeError, GeneratorBusy, GeneratorFailed
from core.generators.replicate_transport import Refused
from core.models import Recipe

# Nothing longer is worth believing; the flight's own memory is shorter anyway.
LONGEST_PAUSE = 60.0
# A wrong token or an empty account is mended by a person, not by asking again.
_OPERATOR_PAUSE = 60.0
_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

# The models say it in prose only. Matched without case, as parts of words.
_REFUSAL_WORDS = (
    "nsfw",
    "safety",
    "sensitive",
    "moderat",
    "content policy",
    "content filter",
    "flagged",
    "prohibited",
    "(e005)",
)


def input_of(recipe: Recipe) -> dict[str, Any]:
    """The model's input, under the names its row of the table gives."""
    names = recipe.model.parameters
    width, height = recipe.size
    values = {
        "prompt": recipe.prompt,
        "ratio": recipe.ratio,
        "width": width,
        "height": height,
        "size": f"{width}x{height}",
        "seed": recipe.seed,
    }
    asked = {names[ours]: value for ours, value in values.items() if ours in names}
    return {**names.get("fixed", {}), **asked}


def is_job_id(text: object) -> bool:
    """Whether it may stand in a path."""
    return isinstance(text, str) and _JOB_ID.fullmatch(text) is not None


def first_url(output: object) -> str | None:
    """The first address in a str, a file object, or a list or dict of these."""
    if isinstance(output, str):
        return output or None
    if isinstance(output, dict):
        output = list(output.values())
    if isinstance(output, list | tuple):
        return next((url for item in output if (url := first_url(item))), None)
    url = getattr(output, "url", None)
    return url if isinstance(url, str) and url else None


def is_refusal(text: str | None) -> bool:
    """Whether a model's words say that it will not paint this."""
    spoken = (text or "").casefold()
    return any(word in spoken for word in _REFUSAL_WORDS)


def error_of(refused: Refused, *, spent: bool = False) -> EdgeError:
    """The API's refusal as the error to raise. ``spent``: there is a job that may be charged."""
    if refused.status == 429:
        pause = 5.0 if refused.retry_after is None else refused.retry_after
        return GeneratorBusy(retry_after=min(pause, LONGEST_PAUSE), spent=spent)
    if refused.status in (401, 402, 403):
        return GeneratorFailed(retry_after=_OPERATOR_PAUSE, spent=spent)
    if refused.status in (400, 422) and is_refusal(refused.detail):
        return ContentRefused(spent=spent)
    return GeneratorFailed(spent=spent)
