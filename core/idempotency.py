"""Answers a repeated request with the first answer, so that a lost reply costs nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from core.errors import EdgeError, IdempotencyInProgress, IdempotencyMismatch
from core.rest_ports import IdempotencyKeys


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An HTTP status and the JSON body that went with it."""

    status: int
    body: bytes


def _now() -> datetime:
    return datetime.now(UTC)


class Idempotency:
    """The answers to one project's Idempotency-Keys, kept for 24 hours."""

    def __init__(self, keys: IdempotencyKeys, clock: Callable[[], datetime] = _now) -> None:
        self._keys = keys
        self._clock = clock
        self._log = structlog.get_logger("idempotency")

    async def claim(self, project_id: str, key: str, request_digest: str) -> KeptAnswer | None:
        """The first answer; None when this is the first request, which must be kept or released.

        Raises IdempotencyMismatch (the key was used for another request), IdempotencyInProgress.
        """
        known = await self._keys.claim(project_id, key, request_digest, self._clock())
        if known is None:
            return None
        if known.request_digest != request_digest:
            raise IdempotencyMismatch
        if known.status is None or known.body is None:
            raise IdempotencyInProgress(retry_after=1)
        return KeptAnswer(known.status, known.body)

    async def keep(self, project_id: str, key: str, answer: KeptAnswer) -> None:
        """The work is done, so a refusal of the records is only logged."""
        try:
            await self._keys.settle(project_id, key, answer.status, answer.body)
        except EdgeError as error:
            self._log.warning("answer_not_kept", error=error.code)

    async def release(self, project_id: str, key: str) -> None:
        """Nothing was made: the key may be used again."""
        try:
            await self._keys.release(project_id, key)
        except EdgeError as error:
            self._log.warning("key_not_released", error=error.code)
