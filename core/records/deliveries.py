"""Deliveries to CDNs: claimed by one process at a time, ended once."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, Update, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ids import new_id
from core.purging.delivery_ports import Delivery, DeliveryBook, DeliveryState
from core.records.database import Database
from core.records.ledger import Clock
from core.records.purge_tables import purge_deliveries

_ROW = purge_deliveries.c
_PENDING: DeliveryState = "pending"
_FIRST_TURN = 1


class SqlDeliveries(DeliveryBook):
    """Deliveries in SQL. Every method raises RecordsUnavailable.

    ``clock`` decides what is due: the database's own, one for all machines.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, most: int, lease: timedelta) -> list[Delivery]:
        """Due ones, the longest due first; nobody else gets them before the lease ends."""
        if not await self._any_due():
            return []
        async with self._database.writing() as connection:
            now = await self._clock(connection)
            due = (
                select(_ROW.id)
                .where(_ROW.state == _PENDING, _ROW.next_at <= now)
                .order_by(_ROW.next_at, _ROW.id)
                .limit(most)
                # Two processes take different ones; SQLite has one writer, and no such words.
                .with_for_update(skip_locked=True)
            )
            ids = (await connection.scalars(due)).all()
            taken = (
                update(purge_deliveries)
                .where(_ROW.id.in_(ids))
                .values(next_at=now + lease)
                .returning(purge_deliveries)
            )
            rows = (await connection.execute(taken)).mappings().all() if ids else ()
        return sorted(map(_delivery_of, rows), key=lambda one: one.purge_number)

    async def advance(self, delivery: Delivery, told: int, lease: timedelta) -> None:
        """The CDN took so many of the tags, and the lease begins anew."""
        async with self._database.writing() as connection:
            next_at = await self._clock(connection) + lease
            await connection.execute(_open(delivery).values(told=told, next_at=next_at))

    async def deliver(
        self, delivery: Delivery, status: int | None, again: timedelta | None
    ) -> None:
        """The attempt went well, and the delivery ends. ``again``: after this time the CDN is
        told once more, by a delivery of its own."""
        async with self._database.writing() as connection:
            now = await self._clock(connection)
            ended = _attempted(delivery, status).values(
                state="delivered", told=len(delivery.tags), ended_at=now
            )
            fresh = (await connection.execute(ended)).rowcount == 1
            if fresh and again is not None and delivery.turn == _FIRST_TURN:
                row = _once_more(delivery, now, now + again)
                await connection.execute(insert(purge_deliveries).values(row))

    async def postpone(
        self, delivery: Delivery, status: int | None, pause: timedelta, patience: timedelta
    ) -> DeliveryState:
        """The attempt failed: due again after the pause, or failed for good when the delivery
        would then be older than ``patience``. What it is now."""
        attempted = _attempted(delivery, status)
        async with self._database.writing() as connection:
            now = await self._clock(connection)
            if now + pause <= delivery.created_at + patience:
                await connection.execute(attempted.values(next_at=now + pause))
            else:
                await connection.execute(attempted.values(state="failed", ended_at=now))
            return await _state(connection, delivery)

    async def release(self, delivery: Delivery) -> None:
        """Nothing was learned: due again now."""
        async with self._database.writing() as connection:
            now = await self._clock(connection)
            await connection.execute(_open(delivery).values(next_at=now))

    async def of_purge(self, project_id: str, number: int) -> list[Delivery]:
        """Those of the first turn, the oldest first."""
        query = (
            select(purge_deliveries)
            .where(_ROW.project_id == project_id, _ROW.purge_number == number)
            .where(_ROW.turn == _FIRST_TURN)
            .order_by(_ROW.created_at, _ROW.id)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_delivery_of(row) for row in rows]

    async def forget(self, age: timedelta) -> None:
        """Drop what ended longer ago than this."""
        async with self._database.writing() as connection:
            before = await self._clock(connection) - age
            ended = delete(purge_deliveries).where(_ROW.state != _PENDING, _ROW.ended_at < before)
            await connection.execute(ended)

    async def _any_due(self) -> bool:
        """Read first: the rounds that find nothing must not queue up with those who write."""
        async with self._database.reading() as connection:
            now = await self._clock(connection)
            due = select(_ROW.id).where(_ROW.state == _PENDING, _ROW.next_at <= now)
            return await connection.scalar(due.limit(1)) is not None


def _open(delivery: Delivery) -> Update:
    return update(purge_deliveries).where(
        _ROW.id == delivery.id,
        _ROW.project_id == delivery.project_id,
        _ROW.state == _PENDING,
    )


def _attempted(delivery: Delivery, status: int | None) -> Update:
    return _open(delivery).values(attempts=_ROW.attempts + 1, last_status=status)


def _once_more(delivery: Delivery, now: datetime, next_at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "purge_number": delivery.purge_number,
        "project_id": delivery.project_id,
        "tags": list(delivery.tags),
        "told": 0,
        "turn": delivery.turn + 1,
        "state": _PENDING,
        "attempts": 0,
        "next_at": next_at,
        "created_at": now,
    }


async def _state(connection: AsyncConnection, delivery: Delivery) -> DeliveryState:
    """As it stands: somebody else may have ended it, once our lease was over."""
    query = select(_ROW.state).where(_ROW.id == delivery.id, _ROW.project_id == delivery.project_id)
    state: DeliveryState = (await connection.execute(query)).scalar_one()
    return state


def _delivery_of(row: RowMapping) -> Delivery:
    return Delivery(
        id=row["id"],
        project_id=row["project_id"],
        purge_number=row["purge_number"],
        tags=tuple(row["tags"]),
        state=row["state"],
        attempts=row["attempts"],
        status=row["last_status"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        told=row["told"],
        turn=row["turn"],
    )
