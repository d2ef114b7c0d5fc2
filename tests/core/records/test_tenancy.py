"""No statement on a tenant's rows may forget whose they are."""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from core.listing import Window
from core.models import Project
from core.records.database import Database
from core.records.derivatives import SqlDerivatives
from core.records.flows import SqlFlowLibrary
from core.records.generations import SqlGenerations
from core.records.idempotency import SqlIdempotencyKeys
from core.records.images import SqlImageLibrary
from core.records.inventory import SqlInventory
from core.records.ledger import SqlLedger
from core.records.leftovers import SqlLeftovers
from core.records.library import SqlGenerationLibrary
from core.records.live_pictures import SqlLivePictures
from core.records.purges import SqlPurges
from core.records.records import Records, records_over
from core.records.retention import SqlShelf
from core.records.scopes import SqlScopeLibrary
from core.records.tenants import SqlTenants
from core.records.usage import SqlUsage
from core.spending.limits import Budget
from tests.core.records.derivative_calls import calls_on_derivatives
from tests.core.records.purge_calls import calls_on_purges
from tests.core.records.samples import NOON, PATIENCE, SetClock, a_generation, an_image
from tests.core.records.scope_calls import calls_on_scopes
from tests.core.records.shelf_calls import calls_on_leftovers, calls_on_the_shelf

TENANT_TABLES = (
    "derivatives",
    "generations",
    "images",
    "scopes",
    "flows",
    "flow_aliases",
    "generation_references",
    "generation_history",
    "idempotency_keys",
    "hit_counts",
    "purges",
    "tombstones",
)
# The sweeper and the checker work for all projects; they alone may read across them.
ACROSS_PROJECTS = {
    "abandoned",
    "pages",
    "known_slots",
    "count",
    "since",
    "made_after",
    "number_before",
    "tidy",
}


def names_its_project(statement: str, table: str) -> bool:
    """Whether the condition, the joined condition or the inserted row holds the project's id."""
    if statement.startswith("INSERT"):
        return re.search(rf"INTO {table} \([^)]*\bproject_id\b", statement) is not None
    _, _, condition = statement.partition("WHERE")
    joined = re.search(rf"JOIN {table} ON {table}\.project_id = ", statement)
    named = re.search(rf"\b{table}\.project_id (=|IN) ", condition)
    return joined is not None or named is not None


def forgetful(statement: str) -> list[str]:
    flat = " ".join(statement.split())
    source = re.fullmatch(r"(INSERT INTO \w+ \([^)]*\)) (SELECT .+)", flat)
    if source is not None:
        return [table for part in source.groups() for table in forgetful(part)]
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
        "INSERT INTO flows (project_id) SELECT generations.id FROM generations WHERE seed = ?",
    ],
)
def test_a_forgetful_statement_would_be_seen(statement: str) -> None:
    assert len(forgetful(statement)) == 1


@pytest.fixture
def records(database: Database, clock: SetClock) -> Records:
    return records_over(replace(database, announces=True), clock, clock.of_database, PATIENCE)


Call = Callable[[], Awaitable[object]]


def calls_of_the_edge(records: Records, project: Project) -> dict[str, Call]:
    tenants, generations, ledger = records.tenants, records.generations, records.ledger
    one, other = a_generation(project), a_generation(project)
    budgets = (Budget("installation", "day", 100),)
    later = NOON + timedelta(days=1)
    return {
        "tenants.ensure": lambda: tenants.ensure("main", "site", "shop"),
        "tenants.project": lambda: tenants.project("main", "site"),
        "tenants.scope": lambda: tenants.scope(project.id, "page"),
        "tenants.key": lambda: tenants.key("0" * 64),
        "tenants.touch_key": lambda: tenants.touch_key("key", NOON),
        "generations.begin": lambda: generations.begin(one),
        "generations.unfinished": lambda: generations.unfinished(project.id, one.identity),
        "generations.note_job": lambda: generations.note_job(project.id, one.id, "job-1"),
        "generations.abandoned": lambda: generations.abandoned(later, 10),
        "generations.succeed": lambda: generations.succeed(
            project.id, one.id, an_image(one), cost_micros=1, processing_ms=1
        ),
        "generations.fail": lambda: generations.fail(project.id, other.id, "CODE", "Text."),
        "generations.get": lambda: generations.get(project.id, one.id),
        "ledger.reserve": lambda: ledger.reserve(project.id, one.id, 10, budgets),
        "ledger.settle": lambda: ledger.settle(one.id, 10),
        "ledger.settle_reserved": lambda: ledger.settle_reserved(one.id),
        "ledger.refund": lambda: ledger.refund(other.id),
        "ledger.mark_duplicate": lambda: ledger.mark_duplicate(one.id),
        "ledger.refund_orphans": lambda: ledger.refund_orphans(later),
        "ledger.close_ended": lambda: ledger.close_ended(later),
        "ledger.taken": lambda: ledger.taken("installation", "day"),
    }


def calls_on_generations(records: Records, project: Project) -> dict[str, Call]:
    library = records.library
    one = a_generation(
        project,
        status="pending",
        flow_id="f",
        assign_alias="@hero",
        assign_flow_alias="@step",
        reference_image_ids=("a", "b"),
    )
    made = an_image(one, id="made")

    async def withdraw() -> None:
        again = await library.restart(project.id, one, expected=("success",))
        assert again is not None
        await library.withdraw(project.id, one.id, one)

    async def complete() -> None:
        await records.images.insert(made)
        await library.complete(
            project.id, one.id, made.id, cached=True, processing_ms=1, prompt="text"
        )

    return {
        "insert": lambda: library.insert(one),
        "add_references": lambda: library.add_references(project.id, one.id, ("c",)),
        "find": lambda: library.find(project.id, one.id),
        "listed": lambda: library.listed(project.id, Window(), status="pending", flow_id="f"),
        "complete": complete,
        "edit": lambda: library.edit(project.id, one.id, flow_id="f", meta={}),
        "withdraw": withdraw,
        "cancel": lambda: library.cancel(project.id, one.id),
        "restart": lambda: library.restart(project.id, one, expected=("cancelled",)),
        "delete": lambda: library.delete(project.id, one.id),
    }


def calls_on_images(records: Records, project: Project) -> dict[str, Call]:
    images = records.images
    one = an_image(a_generation(project), alias="@hero", flow_id="f")
    return {
        "insert": lambda: images.insert(one, flow_alias="@step"),
        "find": lambda: images.find(project.id, one.id),
        "of_identity": lambda: images.of_identity(project.id, one.slot, one.identity),
        "shares_bytes": lambda: images.shares_bytes(project.id, one),
        "many": lambda: images.many(project.id, (one.id,)),
        "listed": lambda: images.listed(project.id, Window(), source="uploaded", alias="@hero"),
        "edit": lambda: images.edit(project.id, one.id, meta={}),
        "assign_alias": lambda: images.assign_alias(project.id, one.id, "@hero"),
        "by_project_alias": lambda: images.by_project_alias(project.id, "@hero"),
        "by_flow_alias": lambda: images.by_flow_alias(project.id, "f", "@step"),
        "technical": lambda: images.technical(project.id, "f", "@last"),
        "delete": lambda: images.delete(project.id, one.id),
    }


def calls_on_the_rest(records: Records, project: Project) -> dict[str, Call]:
    flows, keys, inventory = records.flows, records.idempotency, records.inventory
    one = an_image(a_generation(project))

    async def pages() -> None:
        await records.images.insert(one)
        assert [page async for page in inventory.pages()]

    return {
        "inventory.pages": pages,
        "inventory.count": inventory.count,
        "inventory.known_slots": lambda: inventory.known_slots([one.slot, one.identity]),
        "inventory.mark": lambda: inventory.mark(project.id, one.id, stored=False),
        "flows.ensure": lambda: flows.ensure(project.id, "f"),
        "flows.find": lambda: flows.find(project.id, "f"),
        "flows.listed": lambda: flows.listed(project.id, Window()),
        "flows.merge_aliases": lambda: flows.merge_aliases(project.id, "f", {"@a": one.id}),
        "flows.remove_alias": lambda: flows.remove_alias(project.id, "f", "@a"),
        "flows.delete": lambda: flows.delete(project.id, "f"),
        "inventory.remove": lambda: inventory.remove(project.id, one.id),
        "idempotency.claim": lambda: keys.claim(project.id, "key", "digest", NOON),
        "idempotency.settle": lambda: keys.settle(project.id, "key", 200, b""),
        "idempotency.release": lambda: keys.release(project.id, "key"),
    }


def public(**repositories: type) -> set[str]:
    return {
        f"{prefix}.{name}".lstrip(".")
        for prefix, repository in repositories.items()
        for name in vars(repository)
        if not name.startswith("_")
    }


EVERYTHING = {
    "purges": (
        calls_on_purges,
        {name.partition(".")[2] for name in public(purges=SqlPurges)},
    ),
    "derivatives": (
        calls_on_derivatives,
        {name.partition(".")[2] for name in public(derivatives=SqlDerivatives)},
    ),
    "shelf": (
        calls_on_the_shelf,
        {name.partition(".")[2] for name in public(shelf=SqlShelf)},
    ),
    "leftovers": (
        calls_on_leftovers,
        {name.partition(".")[2] for name in public(leftovers=SqlLeftovers)},
    ),
    "scopes": (
        calls_on_scopes,
        public(scopes=SqlScopeLibrary, live_pictures=SqlLivePictures, usage=SqlUsage),
    ),
    "edge": (
        calls_of_the_edge,
        public(tenants=SqlTenants, generations=SqlGenerations, ledger=SqlLedger),
    ),
    "generations": (
        calls_on_generations,
        {name.partition(".")[2] for name in public(library=SqlGenerationLibrary)},
    ),
    "images": (
        calls_on_images,
        {name.partition(".")[2] for name in public(images=SqlImageLibrary)},
    ),
    "rest": (
        calls_on_the_rest,
        public(flows=SqlFlowLibrary, idempotency=SqlIdempotencyKeys, inventory=SqlInventory),
    ),
}


@pytest.mark.parametrize("group", EVERYTHING)
async def test_every_statement_on_tenant_rows_names_the_project(
    statements: list[str], records: Records, project: Project, group: str
) -> None:
    calls_of, wanted = EVERYTHING[group]
    calls = calls_of(records, project)
    assert calls.keys() == wanted, "a new method needs a call here"
    for name, call in calls.items():
        statements.clear()
        await call()
        assert statements, f"{name} issued nothing"
        if name.rpartition(".")[2] not in ACROSS_PROJECTS:
            assert [each for each in statements if forgetful(each)] == [], name
