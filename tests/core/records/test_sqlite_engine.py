"""SQLite as the records need it: safe in a power cut, closed to other users, never in memory."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from core.records.outages import RecordsUnusable
from core.records.records import open_records
from core.records.sqlite_engine import file_lock, sqlite_writer


async def test_every_connection_is_durable_and_checks_references(tmp_path: Path) -> None:
    async with open_records(None, tmp_path) as records:
        for engine in (records.database.reader, records.database.writer):
            async with engine.connect() as connection:
                answers = [
                    await connection.scalar(text(f"PRAGMA {name}"))
                    for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
                ]
            assert answers == ["wal", 2, 1, 5000]


async def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    async with open_records(None, tmp_path / "new" / "folder") as records:
        await records.tenants.ensure("main", "site", "page")
        files = list((tmp_path / "new" / "folder").iterdir())
        assert {"records.sqlite3", "records.sqlite3-wal"} <= {file.name for file in files}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_a_folder_without_a_write_ahead_log_is_refused() -> None:
    # A database in memory refuses the log the way a network file system does.
    engine = sqlite_writer(Path(":memory:"))
    try:
        with pytest.raises(RecordsUnusable, match="local disk"):
            async with engine.connect():
                pass
    finally:
        await engine.dispose()


async def test_a_lock_somebody_holds_is_waited_for_but_not_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    async with file_lock(path, patience=1):
        with pytest.raises(RecordsUnusable, match="Another process"):
            async with file_lock(path, patience=0.01):
                pass
    async with file_lock(path, patience=1):
        pass
