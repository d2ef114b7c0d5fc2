"""Brings the schema to this version's revision, once, however many processes start together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationStep
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.records.location import PostgresServer, SqliteFile
from core.records.outages import RecordsUnusable, outages_named
from core.records.postgres_engine import postgres_migration_engine
from core.records.revision import heads_of, missing_after, revision_scripts
from core.records.sqlite_engine import file_lock, prepare_file, sqlite_writer
from core.records.tables import metadata

_PATIENCE_SECONDS = 60.0
# "mirage" in ASCII: any number will do, as long as every version uses the same.
_ADVISORY_LOCK = 0x6D6972616765


async def migrate(location: SqliteFile | PostgresServer) -> list[str]:
    """Apply what is missing and return the revisions applied, oldest first.

    Raises RecordsUnusable when the schema is newer than this code, RecordsUnavailable when the
    database does not answer.
    """
    with outages_named():
        if isinstance(location, SqliteFile):
            return await _migrate_sqlite(location)
        return await _migrate_postgres(location)


async def _migrate_sqlite(location: SqliteFile) -> list[str]:
    await prepare_file(location.path)
    lock = location.path.with_name(location.path.name + ".migrating")
    # Rebuilding a table drops the old one, which would cascade through foreign keys.
    engine = sqlite_writer(location.path, foreign_keys=False)
    async with file_lock(lock, patience=_PATIENCE_SECONDS), _disposing(engine):
        async with engine.begin() as connection:
            applied = await connection.run_sync(upgrade)
            await _check_references(connection)
        return applied


async def _migrate_postgres(location: PostgresServer) -> list[str]:
    # The lock lives in a transaction of its own, so it also holds behind a pooler.
    async with (
        _disposing(postgres_migration_engine(location.dsn)) as engine,
        engine.begin() as holder,
    ):
        await holder.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE_SECONDS:.0f}s'"))
        await holder.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        async with engine.begin() as connection:
            return await connection.run_sync(upgrade)


def upgrade(connection: Connection) -> list[str]:
    """Run the missing revisions inside the transaction of ``connection``."""
    scripts = revision_scripts()
    missing = missing_after(heads_of(connection))

    def steps(heads: object, context: object) -> list[MigrationStep]:
        del heads, context
        upgrades = MigrationStep.upgrade_from_script
        return [upgrades(scripts.revision_map, script) for script in missing]

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            transactional_ddl=True,
        )
        environment.run_migrations()
    return [script.revision for script in missing]


async def _check_references(connection: AsyncConnection) -> None:
    broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first()
    if broken is not None:
        raise RecordsUnusable(f"A row of the table {broken[0]} refers to nothing. Nothing changed.")


@asynccontextmanager
async def _disposing(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    try:
        yield engine
    finally:
        with anyio.CancelScope(shield=True):
            await engine.dispose()
