"""Scopes on both databases: founded, changed, listed with their counters, closed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import Invalid, ScopeAlreadyExists
from core.listing import Window
from core.models import Project, Scope
from core.records.database import Database
from core.records.generations import SqlGenerations
from core.records.ledger import SqlLedger
from core.records.scopes import SqlScopeLibrary
from core.records.tenants import SqlTenants
from core.spending.limits import Budget
from core.spending.permission import pictures_subject
from tests.core.records.samples import NOON, SetClock, a_generation, an_image, new_id

HOUR = timedelta(hours=1)


@pytest.fixture
def scopes(database: Database, clock: SetClock) -> SqlScopeLibrary:
    return SqlScopeLibrary(database, clock)


def a_scope(project: Project, slug: str = "shop", **changes: Any) -> Scope:
    return replace(Scope(new_id(), project.id, slug), **changes)


async def test_a_scope_comes_back_as_it_went(
    scopes: SqlScopeLibrary, tenants: SqlTenants, project: Project
) -> None:
    scope = a_scope(
        project,
        allow_new_generations=False,
        require_signature="false",
        new_generations_limit=10**9,
        budget_micros=2**40,
        budget_window="month",
        allowed_origins=("https://é.example", "http://localhost:3000"),
        allowed_models=("a", "b"),
        per_address_limit=0,
        meta={"note": "é", "list": [1, None]},
    )
    made = await scopes.insert(scope)
    assert (made.scope, made.created_at, made.updated_at) == (scope, NOON, NOON)
    assert (made.current_generations, made.last_generated_at) == (0, None)
    assert await scopes.find(project.id, "shop") == made
    assert await tenants.scope(project.id, "shop") == scope


async def test_a_slug_is_one_scopes_within_its_project(
    scopes: SqlScopeLibrary, project: Project, stranger: Project
) -> None:
    first = await scopes.insert(a_scope(project))
    with pytest.raises(ScopeAlreadyExists):
        await scopes.insert(a_scope(project, new_generations_limit=1))
    assert await scopes.find(project.id, "shop") == first
    theirs = await scopes.insert(a_scope(stranger))
    assert theirs.scope.id != first.scope.id


async def test_of_ten_at_once_one_founds_the_scope(
    scopes: SqlScopeLibrary, project: Project, at_once: Any
) -> None:
    results = await at_once(10, lambda _: scopes.insert(a_scope(project)))
    assert sum(isinstance(one, ScopeAlreadyExists) for one in results) == 9


async def test_an_edit_changes_what_it_says_alone(
    scopes: SqlScopeLibrary, project: Project, clock: SetClock
) -> None:
    first = await scopes.insert(a_scope(project, allowed_models=("a",), meta={"a": 1}))
    clock.now += HOUR
    changed = await scopes.edit(
        project.id, "shop", lambda scope: replace(scope, require_signature="true")
    )
    assert changed is not None
    assert changed.scope == replace(first.scope, require_signature="true")
    assert (changed.created_at, changed.updated_at) == (NOON, NOON + HOUR)
    assert await scopes.edit(project.id, "nothing", lambda scope: scope) is None


async def test_edits_at_once_lose_nothing(
    scopes: SqlScopeLibrary, project: Project, at_once: Any
) -> None:
    await scopes.insert(a_scope(project, new_generations_limit=0))

    def one_more(scope: Scope) -> Scope:
        return replace(scope, new_generations_limit=scope.new_generations_limit + 1)

    await at_once(10, lambda _: scopes.edit(project.id, "shop", one_more))
    record = await scopes.find(project.id, "shop")
    assert record is not None
    assert record.scope.new_generations_limit == 10


async def test_a_refused_edit_changes_nothing(scopes: SqlScopeLibrary, project: Project) -> None:
    first = await scopes.insert(a_scope(project))
    await scopes.insert(a_scope(project, "taken"))

    def refuse(scope: Scope) -> Scope:
        raise Invalid

    with pytest.raises(Invalid):
        await scopes.edit(project.id, "shop", refuse)
    with pytest.raises(ScopeAlreadyExists):
        await scopes.edit(project.id, "shop", lambda scope: replace(scope, slug="taken"))
    assert await scopes.find(project.id, "shop") == first


async def test_a_renamed_scope_is_found_by_its_new_name(
    scopes: SqlScopeLibrary, project: Project
) -> None:
    first = await scopes.insert(a_scope(project))
    renamed = await scopes.edit(project.id, "shop", lambda scope: replace(scope, slug="store"))
    assert renamed is not None
    assert renamed.scope.id == first.scope.id
    assert await scopes.find(project.id, "shop") is None
    assert await scopes.find(project.id, "store") == renamed


async def test_a_closed_scope_is_gone_once_and_for_its_project_alone(
    scopes: SqlScopeLibrary, project: Project, stranger: Project
) -> None:
    ours, theirs = await scopes.insert(a_scope(project)), await scopes.insert(a_scope(stranger))
    assert await scopes.delete(project.id, "shop") == ours.scope.id
    assert await scopes.delete(project.id, "shop") is None
    assert await scopes.find(project.id, "shop") is None
    assert await scopes.find(stranger.id, "shop") == theirs


async def test_the_list_is_newest_first_and_goes_on_by_cursor(
    scopes: SqlScopeLibrary, project: Project, stranger: Project, clock: SetClock
) -> None:
    await scopes.insert(a_scope(stranger, "theirs"))
    for slug in ("a", "b", "c"):
        clock.now += HOUR
        await scopes.insert(a_scope(project, slug))
    part = await scopes.listed(project.id, Window(limit=2))
    assert [row.scope.slug for row in part.rows] == ["c", "b"]
    # With the one every project is founded with.
    assert (part.total, part.total_is_exact) == (4, True)
    rest = await scopes.listed(project.id, Window(limit=2, cursor=part.next_cursor))
    assert [row.scope.slug for row in rest.rows] == ["a", "page"]
    assert rest.next_cursor is None


async def test_a_scope_shows_what_its_limit_has_counted(
    scopes: SqlScopeLibrary, project: Project, ledger: SqlLedger
) -> None:
    busy, idle = a_scope(project), a_scope(project, "idle")
    for scope in (busy, idle):
        await scopes.insert(scope)
    pictures = Budget(pictures_subject(busy.id), "total", 5, "pictures")
    for account in ("one", "two", "three"):
        await ledger.reserve(project.id, account, 0, (pictures,))
    await ledger.settle("one", 0)
    await ledger.refund("two")
    counts = {
        row.scope.slug: row.current_generations
        for row in (await scopes.listed(project.id, Window())).rows
    }
    assert counts == {"shop": 2, "idle": 0, "page": 0}
    found = await scopes.find(project.id, "shop")
    assert found is not None
    assert found.current_generations == await ledger.taken(pictures.subject, "total")


async def test_the_newest_picture_made_through_a_scope_is_its_last(
    scopes: SqlScopeLibrary,
    project: Project,
    stranger: Project,
    generations: SqlGenerations,
) -> None:
    scope = a_scope(project)
    await scopes.insert(scope)
    for hours, made in ((1, True), (2, True), (3, False)):
        one = a_generation(project, scope_id=scope.id, created_at=NOON + hours * HOUR)
        await generations.begin(one)
        if made:
            await generations.succeed(
                project.id, one.id, an_image(one), cost_micros=0, processing_ms=1
            )
    await generations.begin(a_generation(stranger, scope_id=scope.id, created_at=NOON + 9 * HOUR))
    found = await scopes.find(project.id, "shop")
    assert found is not None
    assert found.last_generated_at == NOON + 2 * HOUR


async def test_scopes_founded_at_once_are_all_there(
    scopes: SqlScopeLibrary, project: Project
) -> None:
    await asyncio.gather(*(scopes.insert(a_scope(project, f"s{n}")) for n in range(20)))
    assert (await scopes.listed(project.id, Window())).total == 21
