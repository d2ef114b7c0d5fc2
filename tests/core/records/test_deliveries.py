"""Deliveries to CDNs: each is claimed by one, is never lost, and ends once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert

from core.models import Project
from core.purging.delivery_ports import Delivery
from core.records.database import Database
from core.records.deliveries import SqlDeliveries
from core.records.purge_tables import purge_deliveries, purges
from core.records.tenants import SqlTenants
from tests.core.records.samples import NOON, SetClock, new_id
from tests.core.records.test_tenancy import names_its_project

LEASE = timedelta(seconds=30)
DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def project(tenants: SqlTenants) -> Project:
    return await tenants.ensure("main", "site", "page")


@pytest.fixture
def book(database: Database, clock: SetClock) -> SqlDeliveries:
    return SqlDeliveries(database, clock.of_database)


async def written(database: Database, project: Project, *numbers: int) -> list[str]:
    """One delivery of each of these purges, due now; their ids."""
    ids = []
    async with database.writing() as connection:
        for number in numbers:
            ids.append(new_id())
            await connection.execute(insert(purges).values(_purge(project, number)))
            await connection.execute(
                insert(purge_deliveries).values(
                    id=ids[-1],
                    purge_number=number,
                    project_id=project.id,
                    tags=[f"k-{number}", "i-1"],
                    told=0,
                    turn=1,
                    state="pending",
                    attempts=0,
                    next_at=NOON,
                    created_at=NOON,
                )
            )
    return ids


def _purge(project: Project, number: int) -> dict[str, object]:
    return {
        "number": number,
        "project_id": project.id,
        "whole_project": False,
        "slots": [],
        "tombstone": False,
        "made_at": NOON,
    }


async def only(book: SqlDeliveries, project: Project, number: int = 1) -> Delivery:
    (found,) = await book.of_purge(project.id, number)
    return found


async def test_what_is_due_is_claimed_once_and_again_when_the_lease_ends(
    database: Database, project: Project, book: SqlDeliveries, clock: SetClock
) -> None:
    ids = await written(database, project, 1, 2, 3)
    first = await book.claim(2, LEASE)
    assert [one.id for one in first] == ids[:2]
    assert [one.id for one in await book.claim(5, LEASE)] == ids[2:]
    assert await book.claim(5, LEASE) == []
    clock.now += LEASE
    assert [one.id for one in await book.claim(5, LEASE)] == ids


async def test_many_claim_at_once_and_nobody_claims_the_same(
    database: Database, project: Project, book: SqlDeliveries
) -> None:
    ids = await written(database, project, *range(1, 21))
    claimed = await asyncio.gather(*(book.claim(3, LEASE) for _ in range(10)))
    seen = [one.id for batch in claimed for one in batch]
    assert len(seen) == len(set(seen))
    seen += [one.id for one in await book.claim(20, LEASE)]
    assert sorted(seen) == sorted(ids)


async def test_a_delivery_that_was_taken_ends(
    database: Database, project: Project, book: SqlDeliveries, clock: SetClock
) -> None:
    await written(database, project, 1)
    (claimed,) = await book.claim(1, LEASE)
    assert claimed.tags == ("k-1", "i-1")
    clock.now += SECOND
    await book.deliver(claimed, 204, None)
    ended = await only(book, project)
    assert (ended.state, ended.attempts, ended.status) == ("delivered", 1, 204)
    assert ended.ended_at == NOON + SECOND
    clock.now += DAY
    assert await book.claim(1, LEASE) == []
    # A straggler whose lease had ended changes nothing any more.
    assert await book.postpone(claimed, 500, SECOND, DAY) == "delivered"
    assert await only(book, project) == ended


async def test_a_failed_attempt_is_due_again_after_its_pause(
    database: Database, project: Project, book: SqlDeliveries, clock: SetClock
) -> None:
    await written(database, project, 1)
    (claimed,) = await book.claim(1, LEASE)
    assert await book.postpone(claimed, 500, 10 * SECOND, DAY) == "pending"
    assert await book.claim(1, LEASE) == []
    clock.now += 10 * SECOND
    (again,) = await book.claim(1, LEASE)
    assert (again.attempts, again.status, again.ended_at) == (1, 500, None)


async def test_patience_ends_after_a_day(
    database: Database, project: Project, book: SqlDeliveries, clock: SetClock
) -> None:
    await written(database, project, 1)
    clock.now += DAY - SECOND
    (claimed,) = await book.claim(1, LEASE)
    assert await book.postpone(claimed, None, 2 * SECOND, DAY) == "failed"
    failed = await only(book, project)
    assert (failed.state, failed.attempts, failed.status) == ("failed", 1, None)
    assert failed.ended_at == clock.now


async def test_a_part_that_was_taken_is_not_told_again(
    database: Database, project: Project, book: SqlDeliveries, clock: SetClock
) -> None:
    await written(database, project, 1)
    (claimed,) = await book.claim(1, LEASE)
    clock.now += LEASE - SECOND
    await book.advance(claimed, 1, LEASE)
    clock.now += 2 * SECOND
    assert await book.claim(1, LEASE) == [], "the lease began anew"
    clock.now += LEASE
    (again,) = await book.claim(1, LEASE)
    assert (again.told, again.tags) == (1, ("k-1", "i-1"))


async def test_the_cdn_is_told_once_more_and_that_is_all(
    database: Database, project: Project, book: SqlDeliveries, clock: SetClock
) -> None:
    await written(database, project, 1)
    (first,) = await book.claim(1, LEASE)
    await book.advance(first, 1, LEASE)
    await book.deliver(first, 200, 65 * SECOND)
    # A straggler who had told it as well adds no third time.
    await book.deliver(first, 200, 65 * SECOND)
    clock.now += 64 * SECOND
    assert await book.claim(9, LEASE) == []
    clock.now += SECOND
    (second,) = await book.claim(9, LEASE)
    assert (second.turn, second.told, second.tags) == (2, 0, first.tags)
    assert [one.id for one in await book.of_purge(project.id, 1)] == [first.id]
    await book.deliver(second, 200, 65 * SECOND)
    clock.now += DAY
    assert await book.claim(9, LEASE) == []


async def test_a_delivery_given_back_is_due_at_once(
    database: Database, project: Project, book: SqlDeliveries
) -> None:
    await written(database, project, 1)
    (claimed,) = await book.claim(1, LEASE)
    await book.release(claimed)
    (again,) = await book.claim(1, LEASE)
    assert again.attempts == 0


async def test_receipts_are_the_project_s_own(
    database: Database, project: Project, book: SqlDeliveries, tenants: SqlTenants
) -> None:
    other = await tenants.ensure("main", "other", "page")
    (one,) = await written(database, project, 1)
    assert [each.id for each in await book.of_purge(project.id, 1)] == [one]
    assert await book.of_purge(other.id, 1) == []
    assert await book.of_purge(project.id, 2) == []


async def test_only_what_ended_long_ago_is_forgotten(
    database: Database, project: Project, book: SqlDeliveries, clock: SetClock
) -> None:
    await written(database, project, 1, 2, 3)
    claimed = {one.purge_number: one for one in await book.claim(3, LEASE)}
    await book.deliver(claimed[1], 200, None)
    clock.now += DAY
    await book.deliver(claimed[2], 200, None)
    await book.forget(DAY - SECOND)
    left = [await book.of_purge(project.id, number) for number in (1, 2, 3)]
    assert [len(each) for each in left] == [0, 1, 1]


async def test_every_statement_but_the_claim_names_the_project(
    database: Database, project: Project, book: SqlDeliveries
) -> None:
    await written(database, project, 1)
    (claimed,) = await book.claim(1, LEASE)
    issued: list[str] = []

    def note(**happening: Any) -> None:
        issued.append(" ".join(happening["statement"].split()))

    for engine in (database.reader.sync_engine, database.writer.sync_engine):
        event.listen(engine, "before_cursor_execute", note, named=True)
    await book.advance(claimed, 1, LEASE)
    await book.release(claimed)
    await book.postpone(claimed, 500, SECOND, DAY)
    await book.deliver(claimed, 200, SECOND)
    await book.of_purge(project.id, 1)
    touching = [each for each in issued if "purge_deliveries" in each]
    assert len(touching) > 4
    assert [each for each in touching if not names_its_project(each, "purge_deliveries")] == []
