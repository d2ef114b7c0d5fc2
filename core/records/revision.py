"""Asks a database how far its schema is, without changing anything."""

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

from core.records.database import open_database
from core.records.location import PostgresServer, SqliteFile
from core.records.outages import RecordsUnusable


async def missing_revisions(location: SqliteFile | PostgresServer) -> list[str]:
    """The revisions the next start would apply, oldest first.

    Raises RecordsUnusable when the schema is newer than this code, RecordsUnavailable when the
    database does not answer.
    """
    # Connecting would create the file.
    if isinstance(location, SqliteFile) and not location.path.exists():
        return [script.revision for script in missing_after(())]
    async with open_database(location) as database, database.reading() as connection:
        missing = missing_after(await connection.run_sync(heads_of))
    return [script.revision for script in missing]


def heads_of(connection: Connection) -> tuple[str, ...]:
    """Where the schema stands; empty when there is none yet."""
    return MigrationContext.configure(connection).get_current_heads()


def missing_after(current: tuple[str, ...]) -> list[Script]:
    """The revisions to apply, oldest first. Raises RecordsUnusable for a newer schema."""
    scripts = revision_scripts()
    known = {script.revision for script in scripts.walk_revisions()}
    newer = sorted(set(current) - known)
    if newer:
        raise RecordsUnusable(
            f"The records have revision {', '.join(newer)} of the schema, which this version does "
            "not know. Run the newer version again, or restore a backup made before it."
        )
    return list(scripts.iterate_revisions("heads", current or "base"))[::-1]


def revision_scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent / "migrations"))
