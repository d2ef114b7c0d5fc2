"""What was used: hits added up by the hour, and the accounts made of them and of the ledger."""

from datetime import timedelta
from typing import Any

import pytest

from core.models import Project
from core.records.database import Database
from core.records.generations import SqlGenerations
from core.records.ledger import SqlLedger
from core.records.library import SqlGenerationLibrary
from core.records.usage import SqlUsage
from core.spending.usage import Accounts, Use
from tests.core.records.samples import NOON, SetClock, a_generation, new_id

NOTHING = Use()


@pytest.fixture
def usage(database: Database, clock: SetClock) -> SqlUsage:
    return SqlUsage(database, clock.of_database)


def by_window(accounts: Accounts) -> dict[str, Use]:
    return {one.window: one.use for one in accounts.windows}


async def scope_of(tenants: Any, project: Project, slug: str) -> str:
    await tenants.ensure("main", "site", slug)
    return (await tenants.scope(project.id, slug)).id


async def test_a_new_project_has_used_nothing(usage: SqlUsage, project: Project) -> None:
    accounts = await usage.accounts(project.id)
    assert by_window(accounts) == {"hour": NOTHING, "day": NOTHING, "month": NOTHING}
    assert (accounts.by_scope, accounts.by_model) == ({}, {})
    hour, day, month = accounts.windows
    assert (hour.start, hour.end) == (
        NOON.replace(microsecond=0),
        NOON.replace(microsecond=0) + timedelta(hours=1),
    )
    assert day.end - day.start == timedelta(days=1)
    assert (month.start.day, month.end.month) == (1, 4)


async def test_hits_add_up_in_their_hour(
    usage: SqlUsage, project: Project, stranger: Project, tenants: Any, clock: SetClock
) -> None:
    shop = await scope_of(tenants, project, "shop")
    await usage.add_hits({(project.id, shop): 3, (project.id, ""): 1, (stranger.id, ""): 50})
    await usage.add_hits({(project.id, shop): 4, (project.id, "closed"): 2})
    clock.now += timedelta(hours=1)
    await usage.add_hits({(project.id, shop): 5})
    clock.now += timedelta(days=1)
    accounts = await usage.accounts(project.id)
    assert {window: use.hits for window, use in by_window(accounts).items()} == {
        "hour": 0,
        "day": 0,
        "month": 15,
    }
    assert accounts.by_scope == {"shop": Use(hits=12), None: Use(hits=3)}


async def test_hits_of_many_scopes_are_written_at_once(
    usage: SqlUsage, project: Project, at_once: Any
) -> None:
    many = {(project.id, f"scope-{number}"): 1 for number in range(1200)}
    backwards = dict(reversed(many.items()))
    results = await at_once(6, lambda number: usage.add_hits(backwards if number % 2 else many))
    assert results == [None] * 6
    assert by_window(await usage.accounts(project.id))["hour"].hits == 7200


async def test_money_is_what_is_reserved_or_spent_and_duplicates_count(
    usage: SqlUsage, ledger: SqlLedger, project: Project, stranger: Project, clock: SetClock
) -> None:
    clock.now = NOON - timedelta(days=40)
    await ledger.reserve(project.id, "long ago", 5, ())
    clock.now = NOON - timedelta(days=1)
    await ledger.reserve(project.id, "yesterday", 1000, ())
    await ledger.settle("yesterday", 900)
    clock.now = NOON
    for account in ("open", "refunded", "duplicate", "free"):
        await ledger.reserve(project.id, account, 0 if account == "free" else 3000, ())
    await ledger.refund("refunded")
    await ledger.mark_duplicate("duplicate")
    await ledger.settle("free", 0)
    await ledger.reserve(stranger.id, "theirs", 7, ())
    uses = by_window(await usage.accounts(project.id))
    assert uses["hour"] == uses["day"] == Use(generations=3, spent_micros=6000)
    assert uses["month"] == Use(generations=4, spent_micros=6900)


async def test_spending_is_told_by_scope_and_by_model_the_dearest_first(
    usage: SqlUsage,
    ledger: SqlLedger,
    generations: SqlGenerations,
    tenants: Any,
    project: Project,
) -> None:
    page, shop = [await scope_of(tenants, project, slug) for slug in ("page", "shop")]
    for scope, model, micros in (
        (page, "cheap", 1),
        (page, "cheap", 2),
        (shop, "dear", 100),
        (None, "cheap", 10),
        ("closed", "cheap", 20),
    ):
        one = a_generation(project, id=new_id(), scope_id=scope, model=model)
        await ledger.reserve(project.id, one.account, micros, ())
        await generations.begin(one)
        await ledger.settle(one.account, micros)
    accounts = await usage.accounts(project.id)
    assert list(accounts.by_scope.items()) == [
        ("shop", Use(generations=1, spent_micros=100)),
        (None, Use(generations=2, spent_micros=30)),
        ("page", Use(generations=2, spent_micros=3)),
    ]
    assert list(accounts.by_model.items()) == [
        ("dear", Use(generations=1, spent_micros=100)),
        ("cheap", Use(generations=4, spent_micros=33)),
    ]


async def test_each_attempt_is_its_own_models_and_scopes(
    usage: SqlUsage,
    ledger: SqlLedger,
    library: SqlGenerationLibrary,
    tenants: Any,
    project: Project,
) -> None:
    shop = await scope_of(tenants, project, "shop")
    first = a_generation(project, status="failed", model="old", scope_id=shop)
    await library.insert(first)
    await ledger.reserve(project.id, first.account, 5, ())
    again = a_generation(project, id=first.id, model="new", scope_id=None)
    second = await library.restart(project.id, again, expected=("failed",))
    assert second is not None
    await ledger.reserve(project.id, second.account, 7, ())
    accounts = await usage.accounts(project.id)
    assert accounts.by_model == {
        "old": Use(generations=1, spent_micros=5),
        "new": Use(generations=1, spent_micros=7),
    }
    assert accounts.by_scope == {
        "shop": Use(generations=1, spent_micros=5),
        None: Use(generations=1, spent_micros=7),
    }
