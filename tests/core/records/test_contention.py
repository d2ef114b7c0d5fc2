"""Several processes, one database: nothing is counted twice, nothing is lost, nobody is locked."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from core.listing import Window
from core.records.database import open_database
from core.records.flows import SqlFlowLibrary
from core.records.images import SqlImageLibrary
from core.records.ledger import SqlLedger
from core.records.location import PostgresServer, SqliteFile
from core.records.records import utc_now
from core.records.schema import migrate
from core.records.tables import budget_windows
from core.records.tenants import SqlTenants
from tests.core.records.contenders import ATTEMPTS, LIMIT, TASKS

ROOT = Path(__file__).resolve().parents[3]
Location = SqliteFile | PostgresServer


def run(program: str, *arguments: str) -> Any:
    command = [sys.executable, "-m", f"tests.core.records.{program}", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def url_of(location: Location) -> str:
    return location.dsn if isinstance(location, PostgresServer) else f"sqlite:///{location.path}"


async def test_a_budget_of_k_admits_exactly_k(empty_location: Location) -> None:
    await migrate(empty_location)
    reports = await asyncio.to_thread(run, "contenders", "reserve", url_of(empty_location), "3")
    assert all(isinstance(report, dict) for report in reports), reports
    assert 3 * TASKS * ATTEMPTS > LIMIT, "nobody could lose"
    assert sum(report["won"] for report in reports) == LIMIT
    assert max(report["slowest"] for report in reports) < 3
    async with open_database(empty_location) as database:

        async def now(connection: object) -> Any:
            return utc_now()

        ledger = SqlLedger(database, now)
        assert await ledger.taken("installation", "month") == LIMIT
        assert await ledger.taken("scope:page", "month") == LIMIT


async def test_what_is_read_and_then_written_loses_no_update(empty_location: Location) -> None:
    await migrate(empty_location)
    row = {"subject": "one", "period": "day", "window_start": utc_now(), "taken": 0}
    async with open_database(empty_location) as database:
        async with database.writing() as connection:
            await connection.execute(insert(budget_windows).values(row))
        url = url_of(empty_location)
        done = await asyncio.to_thread(run, "contenders", "increment", url, "3")
        async with database.reading() as connection:
            counted = await connection.scalar(select(budget_windows.c.taken))
    assert [one["done"] for one in done] == [TASKS * ATTEMPTS] * 3
    assert max(one["slowest"] for one in done) < 3
    assert counted == 3 * TASKS * ATTEMPTS == 600


async def test_a_name_claimed_by_all_is_held_by_one(empty_location: Location) -> None:
    await migrate(empty_location)
    reports = await asyncio.to_thread(run, "contenders", "claim", url_of(empty_location), "3")
    assert all(isinstance(report, dict) for report in reports), reports
    async with open_database(empty_location) as database:
        project = await SqlTenants(database, utc_now).ensure("main", "site", "page")
        images = SqlImageLibrary(database, utc_now)
        held = await images.listed(project.id, Window(), alias="@hero")
        flow = await SqlFlowLibrary(database, utc_now).find(project.id, "f")
    claimants = {one for report in reports for one in report["images"]}
    assert len(claimants) == 3 * TASKS
    assert len(held.rows) == 1
    assert held.rows[0].id in claimants
    assert flow is not None
    # Nobody's own alias was lost while all fought for one.
    assert flow.aliases.keys() == {"@hero", *(f"@{one[-12:]}" for one in claimants)}
    assert flow.aliases["@hero"] in claimants


async def test_five_processes_migrate_once(empty_location: Location) -> None:
    reports = await asyncio.to_thread(run, "contenders", "migrate", url_of(empty_location), "5")
    assert sorted(reports) == [[], [], [], [], ["0001", "0002", "0003"]]


def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    left = run("killed_writer", str(tmp_path / "records.sqlite3"), "10")
    assert (left["integrity"], left["missing"], left["unbalanced"]) == ("ok", [], 0)
    assert left["holders"] == [1, 1]
    assert left["acknowledged"] > 60
