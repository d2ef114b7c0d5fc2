"""Pictures of live URLs made again by REST: whose the new picture is, and whose the old one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from shutil import copy

import pytest

from core.errors import GeneratorFailed, Gone, RateLimitExceeded
from core.live import Answer, Ask
from core.live_request import LiveRequest
from core.models import Generation, Image
from core.purging.service import ByProject, ByScope
from core.spending.visitor import Visitor
from tests.core.generation_bench import PATIENT, Bench, bench_in

Again = Callable[[Bench], Awaitable[Generation]]


@pytest.fixture
async def bench(tmp_path: Path, blank_records: Path) -> AsyncIterator[Bench]:
    copy(blank_records, tmp_path)
    async with bench_in(tmp_path) as bench:
        yield bench


async def ask_of(bench: Bench, prompt: str = "a lighthouse") -> Ask:
    """The live URL of the page's scope."""
    scope = await bench.records.tenants.scope(bench.project.id, "page")
    visitor = Visitor(bench.project, key=bench.owner.key, scope=scope)
    return bench.live.decide(visitor, LiveRequest(prompt, "1:1"))


async def shown(bench: Bench, prompt: str = "a lighthouse") -> str:
    """The id of the image the URL shows."""
    answer = await bench.live.fetch(await ask_of(bench, prompt), wait=30)
    assert isinstance(answer, Answer)
    return answer.picture.image_id


async def the_row(bench: Bench) -> Generation:
    (row,) = await bench.rows()
    return row


async def image_of(bench: Bench, image_id: str | None) -> Image:
    assert image_id is not None
    image = await bench.records.images.find(bench.project.id, image_id, include_deleted=True)
    assert image is not None
    return image


async def regenerated(bench: Bench) -> Generation:
    old = await the_row(bench)
    return (await bench.service.regenerate(bench.owner, old.id, PATIENT)).generation


async def edited(bench: Bench) -> Generation:
    old, changes = await the_row(bench), {"prompt": "a castle"}
    return (await bench.service.edit(bench.owner, old.id, changes, PATIENT)).generation


async def retried_otherwise(bench: Bench) -> Generation:
    old, changes = await the_row(bench), {"ratio": "16:9"}
    return (await bench.service.retry(bench.owner, old.id, changes, PATIENT)).generation


async def failed(bench: Bench) -> Generation:
    bench.provider.fail_finish = GeneratorFailed()
    with pytest.raises(GeneratorFailed):
        await shown(bench)
    bench.provider.fail_finish = None
    return await the_row(bench)


@pytest.mark.parametrize("again", [regenerated, edited])
async def test_what_no_url_leads_to_outlives_a_purge_of_the_project(
    bench: Bench, again: Again
) -> None:
    before = await shown(bench)
    made = await again(bench)
    assert (made.status, made.origin, made.scope_id) == ("success", "rest", None)
    assert (await image_of(bench, made.output_image_id)).origin == "rest"
    await bench.purging.purge(bench.project, ByProject(), tombstone=False)
    kept = await image_of(bench, made.output_image_id)
    assert (kept.deleted_at, kept.stored) == (None, True)
    assert kept.slot in bench.store.entries
    assert (await image_of(bench, before)).deleted_at is not None


async def test_a_failed_one_retried_as_it_was_is_the_urls_picture(bench: Bench) -> None:
    old = await failed(bench)
    outcome = await bench.service.retry(bench.owner, old.id, {}, PATIENT)
    made = outcome.generation
    assert (made.status, made.origin) == ("success", "live")
    assert made.scope_id == old.scope_id is not None
    assert await shown(bench) == made.output_image_id


async def test_a_failed_one_retried_otherwise_is_an_order(bench: Bench) -> None:
    await failed(bench)
    made = await retried_otherwise(bench)
    assert (made.status, made.origin, made.scope_id) == ("success", "rest", None)


async def test_what_was_refused_stays_the_scopes(bench: Bench) -> None:
    await shown(bench)
    old = await the_row(bench)
    bench.admission.left = 0
    with pytest.raises(RateLimitExceeded):
        await regenerated(bench)
    row = await the_row(bench)
    assert (row.origin, row.scope_id) == ("live", old.scope_id)


@pytest.mark.parametrize("tombstone", [False, True])
@pytest.mark.parametrize("again", [regenerated, edited])
async def test_a_scopes_purge_finds_what_was_made_through_it_before(
    bench: Bench, again: Again, *, tombstone: bool
) -> None:
    before = await shown(bench)
    made = await again(bench)
    purged = await bench.purging.purge(bench.project, ByScope("page"), tombstone=tombstone)
    assert purged.masters == 1
    assert (await image_of(bench, before)).deleted_at is not None
    assert (await image_of(bench, made.output_image_id)).deleted_at is None
    if tombstone:
        with pytest.raises(Gone):
            await shown(bench)
    else:
        assert await shown(bench) != before
