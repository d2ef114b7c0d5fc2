"""Derivatives on record: bounded for each master, counted, noted as used, and removed safely."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.models import Project
from core.records.database import Database
from core.records.derivatives import SqlDerivatives
from core.records.inventory import SqlInventory
from tests.core.records.derivative_calls import a_derivative
from tests.core.records.samples import NOON

MASTER = "5c" * 16


@pytest.fixture
def book(database: Database) -> SqlDerivatives:
    return SqlDerivatives(database)


async def test_a_master_has_no_more_derivatives_than_its_bound(
    book: SqlDerivatives, project: Project
) -> None:
    noted = [await book.note(a_derivative(project, f"d{number}"), at_most=3) for number in range(5)]
    assert noted == [True, True, True, False, False]
    assert len(await book.of_masters(project.id, [MASTER])) == 3
    # What is there may be written anew, and other masters have a bound of their own.
    assert await book.note(a_derivative(project, "d0"), at_most=3)
    assert await book.note(a_derivative(project, "other", "ab" * 16), at_most=3)


async def test_rows_are_found_by_their_masters_within_the_project(
    book: SqlDerivatives, project: Project, stranger: Project
) -> None:
    mine = a_derivative(project)
    await book.note(mine, at_most=9)
    await book.note(a_derivative(project, "d2", "ab" * 16), at_most=9)
    await book.note(a_derivative(stranger, "d3"), at_most=9)
    assert await book.of_masters(project.id, [MASTER, "cd" * 16]) == [mine]
    assert await book.of_masters(project.id, []) == []
    many = [f"{number:032x}" for number in range(1200)]
    assert len(await book.of_masters(project.id, [*many, MASTER, "ab" * 16])) == 2


async def test_another_project_s_row_is_never_written_over(
    book: SqlDerivatives, project: Project, stranger: Project
) -> None:
    mine = a_derivative(project)
    await book.note(mine, at_most=9)
    await book.note(replace(a_derivative(stranger), file_size=7), at_most=9)
    assert await book.of_masters(project.id, [MASTER]) == [mine]


async def test_bytes_are_counted_by_project(
    book: SqlDerivatives, project: Project, stranger: Project
) -> None:
    assert await book.bytes_of(project.id) == 0
    await book.note(a_derivative(project, "d1"), at_most=9)
    await book.note(replace(a_derivative(project, "d2"), file_size=50), at_most=9)
    await book.note(a_derivative(stranger, "d3"), at_most=9)
    assert await book.bytes_of(project.id) == 150
    # Written anew it is not counted twice.
    await book.note(replace(a_derivative(project, "d2"), file_size=60), at_most=9)
    assert await book.bytes_of(project.id) == 160


async def test_the_longest_unused_come_first_whoever_they_belong_to(
    book: SqlDerivatives, project: Project, stranger: Project
) -> None:
    for days, (owner, slot) in enumerate(
        [(project, "new"), (stranger, "older"), (project, "oldest")]
    ):
        row = replace(a_derivative(owner, slot), used_at=NOON - timedelta(days=days))
        await book.note(row, at_most=9)
    assert [row.slot for row in await book.least_used(None, 2)] == ["oldest", "older"]
    before = NOON - timedelta(days=1)
    assert [row.slot for row in await book.least_used(before, 9)] == ["oldest"]


async def test_a_use_is_noted_to_within_a_day(book: SqlDerivatives, project: Project) -> None:
    row = a_derivative(project)
    await book.note(row, at_most=9)
    for hours, noted in ((23, 0), (25, 25), (30, 25)):
        await book.note_used(project.id, [row.slot, "absent"], NOON + timedelta(hours=hours))
        (found,) = await book.of_masters(project.id, [MASTER])
        assert found.used_at == NOON + timedelta(hours=noted)
    await book.note_used("another", [row.slot], NOON + timedelta(days=9))
    assert (await book.of_masters(project.id, [MASTER]))[0].used_at < NOON + timedelta(days=2)


async def test_what_was_written_anew_meanwhile_is_not_removed(
    book: SqlDerivatives, project: Project
) -> None:
    one, other = a_derivative(project, "d1"), a_derivative(project, "d2")
    for row in (one, other):
        await book.note(row, at_most=9)
    again = replace(one, created_at=NOON + timedelta(seconds=1))
    await book.note(again, at_most=9)
    assert await book.remove([one, other]) == 1
    assert await book.of_masters(project.id, [MASTER]) == [again]
    assert await book.remove([again]) == 1


async def test_the_checker_knows_the_slots_of_derivatives(
    book: SqlDerivatives, inventory: SqlInventory, project: Project
) -> None:
    row = a_derivative(project, "ab" * 16)
    await book.note(row, at_most=9)
    known = await inventory.known_slots([row.slot, row.identity, "00" * 16])
    assert known == {row.slot, row.identity}
