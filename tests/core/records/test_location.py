"""DATABASE_URL in the forms people write it."""

from pathlib import Path

import pytest

from core.records.location import PostgresServer, SqliteFile, locate
from core.records.outages import RecordsUnusable
from core.records.postgres_engine import postgres_engine

DATA = Path("/var/lib/mirage")


@pytest.mark.parametrize("url", [None, ""])
def test_without_a_url_the_records_are_in_the_data_folder(url: str | None) -> None:
    assert locate(url, DATA) == SqliteFile(DATA / "records.sqlite3")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///local.db", Path("local.db")),
        ("sqlite:////srv/with%20space.db", Path("/srv/with space.db")),
        ("sqlite+aiosqlite:////srv/a.db", Path("/srv/a.db")),
    ],
)
def test_a_sqlite_url_names_a_file(url: str, path: Path) -> None:
    assert locate(url, DATA) == SqliteFile(path)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_spelling_of_postgresql_is_understood(scheme: str) -> None:
    rest = "://me:p%40ss@db.example:6432/records?sslmode=require"
    assert locate(scheme + rest, DATA) == PostgresServer("postgresql" + rest)


@pytest.mark.parametrize("url", ["mysql://me:hush@db/x", "sqlite://", "sqlite:///:memory:", "hush"])
def test_what_cannot_hold_records_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(RecordsUnusable) as refused:
        locate(url, DATA)
    assert "hush" not in str(refused.value)


async def test_behind_a_pooler_no_prepared_statement_is_kept(postgres_server: str) -> None:
    engine = postgres_engine(f"{postgres_server}&prepared_statement_cache_size=0")
    try:
        async with engine.connect() as connection:
            for _ in range(2):
                await connection.exec_driver_sql("SELECT 1")
            found = await connection.exec_driver_sql(
                "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 1'"
            )
            assert found.scalar_one() == 0
    finally:
        await engine.dispose()
