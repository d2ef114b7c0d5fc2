"""What comes back from Replicate, in our words: pure translations."""

import re

from core.errors import ContentRefused, EdgeError, GeneratorBusy, GeneratorFailed
from core.generators.bounded_transport import Refused
from core.generators.refusals import LONGEST_PAUSE, OPERATOR_PAUSE, is_refusal

_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


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


def error_of(refused: Refused, *, spent: bool = False) -> EdgeError:
    """The API's refusal as the error to raise. ``spent``: there is a job that may be charged."""
    if refused.status == 429:
        pause = 5.0 if refused.retry_after is None else refused.retry_after
        return GeneratorBusy(retry_after=min(pause, LONGEST_PAUSE), spent=spent)
    if refused.status in (401, 402, 403):
        return GeneratorFailed(retry_after=OPERATOR_PAUSE, spent=spent)
    if refused.status in (400, 422) and is_refusal(refused.detail):
        return ContentRefused(spent=spent)
    return GeneratorFailed(spent=spent)
