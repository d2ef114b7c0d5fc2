"""What earlier versions wrote is still there, and right, after the schema moved on."""

from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, inspect, text

from core.listing import Window
from core.records.database import Database, open_database
from core.records.images import SqlImageLibrary
from core.records.ledger import SqlLedger
from core.records.library import SqlGenerationLibrary
from core.records.location import PostgresServer, SqliteFile
from core.records.revision import revision_scripts
from core.records.schema import migrate
from core.records.sqlite_engine import prepare_file
from tests.core.records.samples import SetClock

Location = SqliteFile | PostgresServer

MIDNIGHT = 1_767_225_600_000_000
TENANTS = """
    INSERT INTO organizations (id, slug, created_at) VALUES ('o', 'main', 1);
    INSERT INTO projects (id, organization_id, slug, public, created_at)
    VALUES ('p', 'o', 'site', true, 1)
"""
GENERATION = f"""
    INSERT INTO generations (id, project_id, status, identity, slot, prompt, original_prompt,
        ratio, seed, model, model_version, generator, origin, created_at, updated_at, auto_enhance,
        job_id, output_image_id, cost_micros, retry_count, meta)
    VALUES ('g', 'p', 'success', 'i', 's', 'é', 'é', '1:1', 4294967296, 'm', '1', 'painter',
        'live', {MIDNIGHT}, {MIDNIGHT}, false, 'job-1', 'm', 3000, 0, '{{"a": [1]}}')
"""
IMAGE = f"""
    INSERT INTO images (id, project_id, source, slot, identity, mime_type, file_size, width,
        height, digest, thumb_hash, dominant_color, origin, created_at, updated_at, generation_id,
        focal_x, focal_y, stored, meta)
    VALUES ('m', 'p', 'generated', 's', 'i', 'image/png', 3000000000, 1, 1, 'd', 't', '#aabbcc',
        'live', {MIDNIGHT}, {MIDNIGHT}, 'g', 0.5, 0.5, true, '{{}}')
"""
MONEY = f"""
    INSERT INTO ledger (generation_id, project_id, state, reserved_micros, duplicate, taken,
        reserved_at)
    VALUES ('g', 'p', 'reserved', 3000, false, '[["installation", "day", {MIDNIGHT}]]', {MIDNIGHT});
    INSERT INTO budget_windows (subject, period, window_start, spent_micros)
    VALUES ('installation', 'day', {MIDNIGHT}, 3000)
"""


def run(connection: Connection, revision: str, direction: str) -> None:
    """One step of one revision, as the migration tool would take it."""
    context = MigrationContext.configure(connection)
    script = revision_scripts().get_revision(revision)
    assert script is not None
    with Operations.context(context):
        getattr(script.module, direction)()


def at_revision_1(connection: Connection) -> None:
    context = MigrationContext.configure(connection)
    run(connection, "0001", "upgrade")
    context.stamp(revision_scripts(), "0001")
    for statement in f"{TENANTS};{GENERATION};{IMAGE};{MONEY}".split(";"):
        connection.exec_driver_sql(statement)


@pytest.fixture
async def old_location(empty_location: Location) -> Location:
    if isinstance(empty_location, SqliteFile):
        await prepare_file(empty_location.path)
    async with open_database(empty_location) as database, database.writing() as connection:
        await connection.run_sync(at_revision_1)
    return empty_location


async def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    async with database.reading() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def test_rows_of_revision_1_are_whole_today(old_location: Location) -> None:
    assert await migrate(old_location) == ["0002", "0003"]
    async with open_database(old_location) as database:
        clock = SetClock()
        library, images = SqlGenerationLibrary(database, clock), SqlImageLibrary(database, clock)
        generation = await library.find("p", "g")
        image = await images.find("p", "m")
        listing = await library.listed("p", Window(), status="success")
        assert generation is not None
        assert listing.rows == (generation,)
        assert (generation.prompt, generation.seed, generation.meta) == ("é", 2**32, {"a": [1]})
        assert (generation.cached, generation.attempt, generation.account) == (False, 0, "g")
        assert image is not None
        assert (image.generation_id, image.file_size, image.alias) == ("g", 3_000_000_000, None)


async def test_money_reserved_at_revision_1_is_settled_today(
    old_location: Location,
) -> None:
    await migrate(old_location)
    async with open_database(old_location) as database:
        clock = SetClock()
        ledger = SqlLedger(database, clock.of_database)
        await ledger.reserve("p", "g", 999, ())
        assert await ledger.close_ended(clock.now) == 1
        booked = "SELECT account, generation_id, attempt, state, settled_micros FROM ledger"
        assert await rows(database, booked) == [("g", "g", 0, "settled", 3000)]
        assert await rows(database, "SELECT taken FROM budget_windows") == [(3000,)]


async def test_constraints_outlive_the_move(old_location: Location) -> None:
    await migrate(old_location)
    broken = (
        "UPDATE generations SET status = 'done'",
        "UPDATE generations SET attempt = NULL",
        "UPDATE generations SET project_id = 'nobody'",
        "UPDATE ledger SET state = 'lost'",
        "UPDATE ledger SET reserved_micros = -1",
        "UPDATE ledger SET generation_id = NULL",
        "INSERT INTO flow_aliases VALUES ('p', 'unknown', '@a', 'm')",
    )
    async with open_database(old_location) as database:
        for statement in broken:
            with pytest.raises(Exception, match=r"(?i)constraint"):
                async with database.writing() as connection:
                    await connection.execute(text(statement))


async def test_the_way_back_keeps_what_revision_1_knew(old_location: Location) -> None:
    def tables(connection: Connection) -> dict[str, set[str]]:
        inspector = inspect(connection)
        return {
            table: {column["name"] for column in inspector.get_columns(table)}
            for table in inspector.get_table_names()
        }

    async with open_database(old_location) as database:
        async with database.writing() as connection:
            before = await connection.run_sync(tables)
            for revision in ("0002", "0003"):
                await connection.run_sync(run, revision, "upgrade")
            for revision in ("0003", "0002"):
                await connection.run_sync(run, revision, "downgrade")
            assert await connection.run_sync(tables) == before
        assert await rows(database, "SELECT generation_id, state FROM ledger") == [
            ("g", "reserved")
        ]
        assert await rows(database, "SELECT id, job_id FROM generations") == [("g", "job-1")]
