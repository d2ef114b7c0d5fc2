"""SQLite as a safe store for several processes of one machine."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from core.records.outages import RecordsUnusable

_BUSY_SECONDS = 5.0
_LOCK_POLL_SECONDS = 0.05


async def prepare_file(path: Path) -> None:
    """Create the file for its owner only; -wal and -shm inherit the mode. Raises OSError."""
    await anyio.Path(path.parent).mkdir(parents=True, exist_ok=True)
    await anyio.Path(path).touch(mode=0o600)


def sqlite_reader(path: Path, connections: int = 4) -> AsyncEngine:
    """Plain reads outside of transactions: each statement sees one snapshot."""
    return _engine(path, connections)


def sqlite_writer(
    path: Path, *, foreign_keys: bool = True, busy: float = _BUSY_SECONDS
) -> AsyncEngine:
    """One connection whose transactions take the write lock first.

    A deferred BEGIN would read, then fail to upgrade its stale snapshot: either an instant
    "database is locked", which no busy timeout covers, or a silently lost update. ``busy`` is for
    how many seconds it waits for another process.
    """
    engine = _engine(path, 1, foreign_keys=foreign_keys, busy=busy)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


@asynccontextmanager
async def file_lock(path: Path, *, patience: float) -> AsyncIterator[None]:
    """Hold an exclusive lock among the processes of this machine.

    The kernel releases it when its holder dies. Raises RecordsUnusable after ``patience``
    seconds.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with anyio.move_on_after(patience) as waiting:
            await _lock(descriptor)
        if waiting.cancelled_caught:
            raise RecordsUnusable(f"Another process has held {path} for {patience:.0f} s. End it.")
        yield
    finally:
        os.close(descriptor)


async def _lock(descriptor: int) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Nothing tells us when a file lock is free; a blocking wait could not be cancelled.
            await anyio.sleep(_LOCK_POLL_SECONDS)


def _engine(
    path: Path, connections: int, *, foreign_keys: bool = True, busy: float = _BUSY_SECONDS
) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_BUSY_SECONDS,
        connect_args={"timeout": busy, "isolation_level": None},
    )

    def prepare(connection: Any, record: object) -> None:
        del record
        _prepare_connection(connection, foreign_keys=foreign_keys)

    event.listen(engine.sync_engine, "connect", prepare)
    return engine


def _prepare_connection(connection: Any, *, foreign_keys: bool) -> None:
    cursor = connection.cursor()
    try:
        if _answer(cursor, "PRAGMA journal_mode = WAL") != "wal":
            raise RecordsUnusable(
                "SQLite cannot keep a write-ahead log in this folder (a network file system?). "
                "Move the data folder to a local disk, or set DATABASE_URL to PostgreSQL."
            )
        # An acknowledged reservation must survive a power cut, not only a crash.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        if _answer(cursor, "PRAGMA foreign_keys") != int(foreign_keys):
            raise RecordsUnusable("This build of SQLite does not enforce foreign keys.")
    finally:
        cursor.close()


def _answer(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    return cursor.fetchone()[0]


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
