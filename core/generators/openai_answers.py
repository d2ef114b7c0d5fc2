"""What goes to an OpenAI-compatible images endpoint and what comes back: pure translations."""

import json
from typing import Any

from core.errors import ContentRefused, EdgeError, GeneratorBusy, GeneratorFailed
from core.generators.bounded_transport import Refused
from core.generators.inputs import input_of
from core.generators.refusals import LONGEST_PAUSE, OPERATOR_PAUSE, is_refusal
from core.models import Recipe

_REFUSED_PROMPT = ("content_policy_violation", "moderation_blocked", "content_filter")
_EMPTY_ACCOUNT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
# A gateway that gave up waiting, or lost its server, cannot say whether the picture was made.
_UNCERTAIN = (502, 504, 520, 522, 524)


def request_of(recipe: Recipe) -> dict[str, Any]:
    """The body of the call. ``fixed`` of the model's row may name another model or format."""
    return {"model": recipe.model.name, "n": 1, **input_of(recipe)}


def picture_address(content: object) -> str | None:
    """Where the first picture is: a data URL when it came along, else its address."""
    match content:
        case {"data": [{"b64_json": str(text)}, *_]} if text:
            return text if text.startswith("data:") else f"data:image/png;base64,{text}"
        case {"data": [{"url": str(address)}, *_]} if address:
            return address
    return None


def error_of(refused: Refused) -> EdgeError:
    """The endpoint's refusal as the error to raise."""
    code, message = _said(refused.detail)
    if refused.status in (400, 403, 422) and (code in _REFUSED_PROMPT or is_refusal(message)):
        return ContentRefused()
    if refused.status in (401, 402, 403) or code in _EMPTY_ACCOUNT:
        return GeneratorFailed(retry_after=OPERATOR_PAUSE)
    if refused.status == 429:
        pause = 5.0 if refused.retry_after is None else refused.retry_after
        return GeneratorBusy(retry_after=min(pause, LONGEST_PAUSE))
    if refused.status == 503 and refused.retry_after is not None:
        return GeneratorFailed(retry_after=min(refused.retry_after, LONGEST_PAUSE))
    return GeneratorFailed(spent=refused.status in _UNCERTAIN)


def _said(detail: str) -> tuple[str, str]:
    """The error's code in lower case with underscores, and its words."""
    try:
        content = json.loads(detail)
    except ValueError:
        return "", detail
    match content:
        case {"error": {"message": message, **more}}:
            code = str(more.get("code") or more.get("type") or "")
            return code.casefold(), str(message)
    return "", detail
