"""Answers kept for 24 hours, so that a request sent again is not done again."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from core.models import StoredAnswer
from core.records.database import Database
from core.records.tables import idempotency_keys
from core.rest_ports import IdempotencyKeys

KEPT = timedelta(hours=24)
_KEPT = idempotency_keys.c


class SqlIdempotencyKeys(IdempotencyKeys):
    """Idempotency keys in SQL. Every method raises RecordsUnavailable.

    A claim that nobody settled within ``patience`` is taken over: its process ended.
    """

    def __init__(self, database: Database, patience: timedelta) -> None:
        self._database = database
        self._patience = patience

    async def claim(
        self, project_id: str, key: str, request_digest: str, now: datetime
    ) -> StoredAnswer | None:
        """None: the caller holds it now and must settle or release it. Otherwise what is known;
        ``status`` is None while the first request is in progress."""
        outdated = delete(idempotency_keys).where(
            _KEPT.project_id == project_id, _KEPT.claimed_at <= now - KEPT
        )
        abandoned = (
            update(idempotency_keys)
            .where(_KEPT.project_id == project_id, _KEPT.key == key, _KEPT.status.is_(None))
            .where(_KEPT.claimed_at <= now - self._patience)
            .values(request_digest=request_digest, claimed_at=now)
        )
        fresh = self._database.insert_absent(idempotency_keys).values(
            project_id=project_id, key=key, request_digest=request_digest, claimed_at=now
        )
        known = select(_KEPT.request_digest, _KEPT.status, _KEPT.body).where(
            _KEPT.project_id == project_id, _KEPT.key == key
        )
        while True:
            async with self._database.writing() as connection:
                await connection.execute(outdated)
                for claim in (fresh, abandoned):
                    if (await connection.execute(claim)).rowcount == 1:
                        return None
                # Released since the insert met it: then it is free after all.
                row = (await connection.execute(known)).first()
            if row is not None:
                return StoredAnswer(row.request_digest, row.status, row.body)

    async def settle(self, project_id: str, key: str, status: int, body: bytes) -> None:
        """Keep the answer; the first one stays."""
        answered = (
            update(idempotency_keys)
            .where(_KEPT.project_id == project_id, _KEPT.key == key, _KEPT.status.is_(None))
            .values(status=status, body=body)
        )
        async with self._database.writing() as connection:
            await connection.execute(answered)

    async def release(self, project_id: str, key: str) -> None:
        """The request came to nothing: the key may be used again. An answer stays."""
        freed = delete(idempotency_keys).where(
            _KEPT.project_id == project_id, _KEPT.key == key, _KEPT.status.is_(None)
        )
        async with self._database.writing() as connection:
            await connection.execute(freed)
