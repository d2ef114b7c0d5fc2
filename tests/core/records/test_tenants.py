"""Projects and scopes are founded once, found by name, and keys remember their last use."""

import asyncio
from datetime import timedelta

from core.models import LIVE_READ, Project, Scope
from core.records.keys import SqlKeys
from core.records.tenants import SqlTenants
from tests.core.records.samples import NOON


async def test_what_was_founded_is_found_by_its_slugs(tenants: SqlTenants) -> None:
    founded = await tenants.ensure("main", "site", "page", public=False)
    assert (founded.path, founded.public) == ("main/site", False)
    assert await tenants.project("main", "site") == founded


async def test_founding_again_changes_nothing(tenants: SqlTenants) -> None:
    first = await tenants.ensure("main", "site", "page")
    scope = await tenants.scope(first.id, "page")
    assert await tenants.ensure("main", "site", "page", public=False) == first
    assert await tenants.scope(first.id, "page") == scope


async def test_ten_first_starts_at_once_found_one_project(tenants: SqlTenants) -> None:
    founded = await asyncio.gather(*(tenants.ensure("main", "site", "page") for _ in range(10)))
    assert len(set(founded)) == 1


async def test_a_project_takes_further_scopes(tenants: SqlTenants, project: Project) -> None:
    assert await tenants.ensure("main", "site", "shop") == project
    assert await tenants.scope(project.id, "shop") is not None
    assert await tenants.scope(project.id, "page") is not None


async def test_the_founded_scope_has_the_documented_defaults_and_a_wide_limit(
    tenants: SqlTenants, project: Project
) -> None:
    scope = await tenants.scope(project.id, "page")
    assert scope is not None
    # A page must not stop after thirty free pictures.
    assert scope == Scope(scope.id, project.id, "page", new_generations_limit=1_000_000)


async def test_nothing_is_found_under_another_name(
    tenants: SqlTenants, project: Project, stranger: Project
) -> None:
    assert await tenants.project("main", "Site") is None
    assert await tenants.project("nobody", "site") is None
    assert await tenants.scope(project.id, "shop") is None
    assert await tenants.key("0" * 64) is None
    assert stranger.id != project.id


async def test_a_late_note_of_use_does_not_overwrite_a_newer_one(
    tenants: SqlTenants, keys: SqlKeys, project: Project
) -> None:
    key, _ = await keys.create(name="site", project=project, scopes=[LIVE_READ])
    await tenants.touch_key(key.id, NOON)
    await tenants.touch_key(key.id, NOON - timedelta(hours=1))
    found = await tenants.key(key.secret_hash)
    assert found is not None
    assert found.last_used_at == NOON
