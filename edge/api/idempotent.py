"""Wraps the work of a POST so that its Idempotency-Key is answered once and then repeated."""

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256

from starlette.requests import Request

from core.errors import FieldError, Invalid
from core.idempotency import KeptAnswer
from edge.answers.answer import Answer, with_body
from edge.answers.freshness import NO_STORE
from edge.answers.headers import NOSNIFF, SANDBOX, reading_rules
from edge.api.access import Caller
from edge.state import State

REPLAYED = (b"idempotency-replayed", b"true")

_HEADER = "Idempotency-Key"
# Visible ASCII: what a UUID, a number or anybody's own scheme is made of.
_KEY = re.compile("[!-~]{1,255}")


async def once(
    request: Request[State],
    caller: Caller,
    content: bytes,
    work: Callable[[], Awaitable[Answer]],
) -> Answer:
    """The answer of ``work``, or the one it gave to the same request before.

    ``content`` is the request's meaning as bytes, always the same for the same request; method
    and address are added here. An error frees the key, because nothing was made. A caller who is
    cut off leaves it in progress, because nobody knows.

    Raises Invalid, IdempotencyMismatch, IdempotencyInProgress, and whatever ``work`` raises.
    """
    key = _key_of(request)
    if key is None:
        return await work()
    service, project_id = request.state["idempotency"], caller.project.id
    kept = await service.claim(project_id, key, _digest(request, content))
    if kept is not None:
        return _replayed(kept)
    try:
        answer = await work()
    except Exception:
        await service.release(project_id, key)
        raise
    await service.keep(project_id, key, KeptAnswer(answer.status, answer.body))
    return answer


def _key_of(request: Request[State]) -> str | None:
    given = request.headers.getlist(_HEADER)
    if not given:
        return None
    if len(given) > 1 or _KEY.fullmatch(given[0]) is None:
        message = "Send one key of 1 to 255 visible ASCII characters."
        raise Invalid(fields=[FieldError(_HEADER, "IDEMPOTENCY_KEY_INVALID", message)])
    return given[0]


def _digest(request: Request[State], content: bytes) -> str:
    scope = request.scope
    parts = (scope["method"].encode(), scope["path"].encode(), scope["query_string"], content)
    # Each part by its length first: text must not move across the joints.
    return sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()


def _replayed(kept: KeptAnswer) -> Answer:
    lines = [*NO_STORE, NOSNIFF, SANDBOX, *reading_rules(public=False), REPLAYED]
    return with_body(kept.status, lines, b"application/json", kept.body)
