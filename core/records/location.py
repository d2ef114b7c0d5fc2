"""Where the records are: a SQLite file or a PostgreSQL server."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from core.records.outages import RecordsUnusable

_SQLITE = ("sqlite+aiosqlite:///", "sqlite:///")
_POSTGRES = ("postgresql+asyncpg://", "postgresql://", "postgres://")
_FILE_NAME = "records.sqlite3"


@dataclass(frozen=True, slots=True)
class SqliteFile:
    path: Path


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """``dsn`` is a libpq URL with the scheme ``postgresql://``. It may hold a password."""

    dsn: str


def locate(database_url: str | None, data_folder: Path) -> SqliteFile | PostgresServer:
    """Read DATABASE_URL; without one the records are a file in the data folder.

    Raises RecordsUnusable, without repeating the URL: it may hold a password.
    """
    if not database_url:
        return SqliteFile(data_folder / _FILE_NAME)
    for scheme in _SQLITE:
        if database_url.startswith(scheme):
            return SqliteFile(_sqlite_path(database_url.removeprefix(scheme)))
    for scheme in _POSTGRES:
        if database_url.startswith(scheme):
            return PostgresServer("postgresql://" + database_url.removeprefix(scheme))
    raise RecordsUnusable("DATABASE_URL must begin with postgresql:// or sqlite:///.")


def _sqlite_path(text: str) -> Path:
    if text in ("", ":memory:"):
        raise RecordsUnusable("DATABASE_URL must name a file: records in memory would be lost.")
    return Path(unquote(text))
