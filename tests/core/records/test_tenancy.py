"""No statement on a tenant's rows may forget whose they are."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from core.models import Budget, Project
from core.records.database import Database
from core.records.generations import SqlGenerations
from core.records.ledger import SqlLedger
from core.records.tenants import SqlTenants
from tests.core.records.samples import NOON, a_generation, an_image

TENANT_TABLES = ("generations", "images", "scopes")
# The sweeper works for all projects; it alone may read across them.
ACROSS_PROJECTS = {"abandoned"}


def names_its_project(statement: str, table: str) -> bool:
    """Whether the condition, the joined condition or the inserted row holds the project's id."""
    if statement.startswith("INSERT"):
        return re.search(rf"INTO {table} \([^)]*\bproject_id\b", statement) is not None
    _, _, condition = statement.partition("WHERE")
    joined = re.search(rf"JOIN {table} ON {table}\.project_id = ", statement)
    return joined is not None or re.search(rf"\b{table}\.project_id = ", condition) is not None


def forgetful(statement: str) -> list[str]:
    flat = " ".join(statement.split())
    touched = [
        table
        for table in TENANT_TABLES
        if re.search(rf"\b(FROM|JOIN|INTO|UPDATE) {table}\b", flat) is not None
    ]
    return [table for table in touched if not names_its_project(flat, table)]


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    issued: list[str] = []

    def note(**happening: Any) -> None:
        issued.append(happening["statement"])

    engines = {database.reader.sync_engine, database.writer.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note, named=True)
    yield issued
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT generations.id, generations.project_id FROM generations WHERE generations.id = ?",
        "UPDATE images SET alias=? WHERE images.id = ?",
        "DELETE FROM scopes",
        "INSERT INTO images (id, slot) VALUES (?, ?)",
        "SELECT ledger.state FROM ledger JOIN generations ON generations.id = ledger.id",
    ],
)
def test_a_forgetful_statement_would_be_seen(statement: str) -> None:
    assert len(forgetful(statement)) == 1


async def test_every_statement_on_tenant_rows_names_the_project(
    statements: list[str],
    tenants: SqlTenants,
    generations: SqlGenerations,
    ledger: SqlLedger,
    project: Project,
) -> None:
    one, other = a_generation(project), a_generation(project)
    budgets = (Budget("installation", "day", 100),)
    later = NOON + timedelta(days=1)
    calls = {
        "ensure": lambda: tenants.ensure("main", "site", "shop"),
        "project": lambda: tenants.project("main", "site"),
        "scope": lambda: tenants.scope(project.id, "page"),
        "key": lambda: tenants.key("0" * 64),
        "touch_key": lambda: tenants.touch_key("key", NOON),
        "begin": lambda: generations.begin(one),
        "unfinished": lambda: generations.unfinished(project.id, one.identity),
        "note_job": lambda: generations.note_job(project.id, one.id, "job-1"),
        "abandoned": lambda: generations.abandoned(later, 10),
        "succeed": lambda: generations.succeed(
            project.id, one.id, an_image(one), cost_micros=1, processing_ms=1
        ),
        "fail": lambda: generations.fail(project.id, other.id, "CODE", "Text."),
        "get": lambda: generations.get(project.id, one.id),
        "reserve": lambda: ledger.reserve(project.id, one.id, 10, budgets),
        "settle": lambda: ledger.settle(one.id, 10),
        "settle_reserved": lambda: ledger.settle_reserved(one.id),
        "refund": lambda: ledger.refund(other.id),
        "mark_duplicate": lambda: ledger.mark_duplicate(one.id),
        "refund_orphans": lambda: ledger.refund_orphans(later),
        "close_ended": lambda: ledger.close_ended(later),
        "spent": lambda: ledger.spent("installation", "day"),
    }
    public = {
        name
        for repository in (SqlTenants, SqlGenerations, SqlLedger)
        for name in vars(repository)
        if not name.startswith("_")
    }
    assert calls.keys() == public, "a new method needs a call here"
    for name, call in calls.items():
        statements.clear()
        await call()
        assert statements, f"{name} issued nothing"
        if name not in ACROSS_PROJECTS:
            assert [forgetful(each) for each in statements if forgetful(each)] == [], name
