"""Lists: newest first, in a stable order, whole when walked by cursor, counted up to 10,000."""

from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest
from sqlalchemy import insert

from core.errors import Invalid
from core.listing import Window
from core.models import Generation, Project
from core.records import tables
from core.records.database import Database
from core.records.flows import SqlFlowLibrary
from core.records.images import SqlImageLibrary
from core.records.library import SqlGenerationLibrary
from core.records.listing import Position, position_of
from core.records.rows import values_of
from tests.core.records.samples import NOON, a_generation, an_image

STATUSES = ("success", "failed", "pending")


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


async def a_few(library: SqlGenerationLibrary, project: Project, count: int) -> list[Generation]:
    """Generations, three of every moment, as a list must show them."""
    made = [
        a_generation(
            project,
            created_at=NOON + timedelta(microseconds=number // 3),
            status=STATUSES[number % 3],
            flow_id=f"flow-{number % 2}",
            reference_image_ids=tuple(f"image-{each}" for each in range(number % 4)),
        )
        for number in range(count)
    ]
    for generation in made:
        await library.insert(generation)
    return sorted(made, key=lambda one: (one.created_at, one.id), reverse=True)


async def test_pages_are_newest_first_and_never_overlap(
    library: SqlGenerationLibrary, project: Project, stranger: Project
) -> None:
    wanted = await a_few(library, project, 10)
    await a_few(library, stranger, 2)
    first = await library.listed(project.id, Window(limit=4))
    assert (list(first.rows), first.total, first.total_is_exact) == (wanted[:4], 10, True)
    second = await library.listed(project.id, Window(limit=4, offset=4))
    assert list(second.rows) == wanted[4:8]
    by_cursor = await library.listed(project.id, Window(limit=4, cursor=first.next_cursor))
    assert by_cursor == second
    last = await library.listed(project.id, Window(limit=4, cursor=second.next_cursor))
    assert (list(last.rows), last.total, last.next_cursor) == (wanted[8:], 10, None)


async def test_a_full_last_page_has_no_next(
    library: SqlGenerationLibrary, project: Project
) -> None:
    await a_few(library, project, 4)
    assert (await library.listed(project.id, Window(limit=4))).next_cursor is None
    beyond = await library.listed(project.id, Window(limit=4, offset=4))
    assert (beyond.rows, beyond.total, beyond.next_cursor) == ((), 4, None)


async def test_a_cursor_is_not_moved_by_what_is_added_above_it(
    library: SqlGenerationLibrary, project: Project
) -> None:
    wanted = await a_few(library, project, 6)
    first = await library.listed(project.id, Window(limit=3))
    await library.insert(a_generation(project, created_at=NOON + timedelta(hours=1)))
    await library.delete(project.id, wanted[2].id)
    second = await library.listed(project.id, Window(limit=9, cursor=first.next_cursor))
    assert list(second.rows) == wanted[3:]


async def test_filters_narrow_rows_and_total(
    library: SqlGenerationLibrary, project: Project
) -> None:
    wanted = await a_few(library, project, 12)
    failed = await library.listed(project.id, Window(limit=2), status="failed")
    of_flow = await library.listed(project.id, Window(limit=100), flow_id="flow-1")
    both = await library.listed(project.id, Window(), status="failed", flow_id="flow-1")
    assert list(failed.rows) == [one for one in wanted if one.status == "failed"][:2]
    assert list(of_flow.rows) == [one for one in wanted if one.flow_id == "flow-1"]
    assert [failed.total, of_flow.total, both.total] == [4, 6, 2]


async def test_deleted_ones_are_absent_unless_asked_for(
    library: SqlGenerationLibrary, project: Project
) -> None:
    one, two, three = await a_few(library, project, 3)
    await library.delete(project.id, two.id)
    usual = await library.listed(project.id, Window())
    everything = await library.listed(project.id, Window(), include_deleted=True)
    assert ([*usual.rows], usual.total) == ([one, three], 2)
    assert ([each.id for each in everything.rows], everything.total) == (
        [one.id, two.id, three.id],
        3,
    )
    assert everything.rows[1].deleted_at is not None


@pytest.mark.parametrize(("count", "exact"), [(10_000, True), (10_002, False)])
async def test_totals_are_exact_up_to_ten_thousand(
    library: SqlGenerationLibrary, database: Database, project: Project, count: int, exact: bool
) -> None:
    sample = values_of(a_generation(project))
    rows = [{**sample, "id": f"{number:08}"} for number in range(count)]
    async with database.writing() as connection:
        await connection.execute(insert(tables.generations), rows)
    page = await library.listed(project.id, Window(limit=1))
    assert (page.total, page.total_is_exact) == (10_000, exact)


async def test_flows_and_images_are_listed_the_same_way(
    flows: SqlFlowLibrary, images: SqlImageLibrary, project: Project
) -> None:
    generation = a_generation(project)
    for number in range(5):
        await flows.ensure(project.id, f"flow {number}")
        await images.insert(an_image(generation, flow_id=f"flow {number % 2}"))
    for listed in (flows.listed, images.listed):
        first = await listed(project.id, Window(limit=3))
        rest = await listed(project.id, Window(limit=3, cursor=first.next_cursor))
        ids = [each.id for each in (*first.rows, *rest.rows)]
        assert (ids, first.total, rest.next_cursor) == (sorted(ids, reverse=True), 5, None)
    assert (await images.listed(project.id, Window(), flow_id="flow 0")).total == 3


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%",
        "é",
        "a" * 2000,
        encoded("1"),
        encoded("1."),
        encoded(".id"),
        encoded("-1.id"),
        encoded("1_0.id"),
        encoded("\u0661.id"),
        encoded("9" * 30 + ".id"),
        encoded("01.id"),
        encoded("1.\0"),
        encoded("1.id") + "=",
        encoded("1.id") + "!",
        encoded("1.id") + "\n",
    ],
)
async def test_a_cursor_we_did_not_give_is_refused(
    library: SqlGenerationLibrary, project: Project, cursor: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await library.listed(project.id, Window(cursor=cursor))
    assert [(one.name, one.code) for one in refused.value.fields] == [("cursor", "CURSOR_INVALID")]


def test_a_cursor_leads_back_to_its_place() -> None:
    for identity in ("0199-a", "a.b.c", "é/ü"):
        place = Position(NOON, identity)
        assert position_of(place.cursor()) == place
