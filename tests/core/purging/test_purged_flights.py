"""A purge during a flight wins; what was taken down for good is neither shown nor made again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copy

import pytest

from core.errors import Gone, NotFound
from core.imaging import Limits
from core.library.aliases import Aliases
from core.library.images import Images
from core.library.uploads import Upload, Uploads
from core.live import Answer
from core.live_request import LiveRequest
from core.models import Image
from core.purging.service import ByImage, ByProject, ByPrompt
from core.spending.limits import Budget
from tests.core.generation_bench import PATIENT, Bench, bench_in, live_ask, wish
from tests.edge.api.library_app import png

REQUEST = LiveRequest("a lighthouse", "1:1")
DAILY = (Budget("installation", "day", 1_000_000),)


@pytest.fixture
async def bench(tmp_path: Path, blank_records: Path) -> AsyncIterator[Bench]:
    copy(blank_records, tmp_path)
    async with bench_in(tmp_path, budgets=DAILY) as bench:
        yield bench


async def purge(bench: Bench, *, tombstone: bool = False) -> None:
    await bench.purging.purge(bench.project, ByPrompt(REQUEST), tombstone=tombstone)


async def held_flight(bench: Bench) -> asyncio.Task[object]:
    """Somebody waits for a picture whose job waits for the test's word."""
    bench.provider.gate.clear()
    waiting = asyncio.create_task(bench.live.fetch(live_ask(bench), wait=30))
    await bench.provider.waiting.wait()
    return waiting


async def fetched(bench: Bench) -> Answer:
    answer = await bench.live.fetch(live_ask(bench), wait=30)
    assert isinstance(answer, Answer)
    return answer


def images_of(bench: Bench) -> Images:
    log = bench.records
    aliases = Aliases(log.images, log.flows)
    return Images(log.images, aliases, bench.cache, takedowns=bench.purging, tombstones=log.purges)


async def record_of(bench: Bench, answer: Answer) -> Image:
    image_id = answer.picture.image_id
    found = await bench.records.images.find(bench.project.id, image_id, include_deleted=True)
    assert found is not None
    return found


async def test_a_purge_during_a_flight_leaves_nothing_of_its_picture(bench: Bench) -> None:
    waiting = await held_flight(bench)
    await purge(bench)
    bench.provider.gate.set()
    answer = await waiting
    assert isinstance(answer, Answer)
    assert (answer.purged, answer.how) == (True, "miss")
    assert bench.store.entries == {}
    record = await record_of(bench, answer)
    assert record.deleted_at is not None
    assert not record.stored
    assert await bench.spent() == 3000, "it was made, and is paid for"
    again = await fetched(bench)
    assert not again.purged
    assert again.picture.image_id != answer.picture.image_id
    assert await bench.spent() == 6000
    assert (await fetched(bench)).how == "hit"


async def test_whoever_joined_the_flight_is_told_not_to_keep_it(bench: Bench) -> None:
    waiting = await held_flight(bench)
    joined = asyncio.create_task(bench.live.fetch(live_ask(bench), wait=30))
    await bench.boarding.passed(2)
    await purge(bench)
    bench.provider.gate.set()
    answers = await asyncio.gather(waiting, joined)
    assert [isinstance(one, Answer) and one.purged for one in answers] == [True, True]


async def test_a_purge_of_the_whole_project_meets_flights_nobody_sees_yet(bench: Bench) -> None:
    bench.provider.start_gate.clear()
    waiting = asyncio.create_task(bench.live.fetch(live_ask(bench), wait=30))
    await bench.provider.starting.wait()
    await bench.purging.purge(bench.project, ByProject(), tombstone=False)
    bench.provider.start_gate.set()
    answer = await waiting
    assert isinstance(answer, Answer)
    assert answer.purged
    assert bench.store.entries == {}


async def test_a_purge_before_the_flight_does_not_concern_it(bench: Bench) -> None:
    await purge(bench)
    answer = await fetched(bench)
    assert not answer.purged
    assert bench.store.entries


async def test_a_take_down_during_a_flight_shows_nobody_anything(bench: Bench) -> None:
    waiting = await held_flight(bench)
    await purge(bench, tombstone=True)
    bench.provider.gate.set()
    with pytest.raises(Gone):
        await waiting
    assert bench.store.entries == {}


async def test_what_was_taken_down_is_not_made_again_by_any_door(bench: Bench) -> None:
    await fetched(bench)
    await purge(bench, tombstone=True)
    for again in (
        bench.live.fetch(live_ask(bench), wait=30),
        bench.live.peek(live_ask(bench)),
        bench.service.create(bench.owner, wish(), PATIENT),
    ):
        with pytest.raises(Gone):
            await again  # type: ignore[misc]  # any coroutine
    assert len(bench.provider.started) == 1
    assert await bench.rows() != [], "what was made stays on record"
    assert await bench.spent() == 3000


async def test_another_prompt_is_not_concerned(bench: Bench) -> None:
    await purge(bench, tombstone=True)
    answer = await bench.live.fetch(live_ask(bench, "a harbour"), wait=30)
    assert isinstance(answer, Answer)


async def test_rest_work_that_joined_a_purged_flight_makes_its_own(bench: Bench) -> None:
    waiting = await held_flight(bench)
    ordering = asyncio.create_task(bench.service.create(bench.owner, wish(), PATIENT))
    await bench.boarding.passed(2)
    await purge(bench)
    bench.provider.gate.set()
    outcome = await ordering
    await waiting
    assert outcome.generation.status == "success"
    image = await bench.records.images.find(
        bench.project.id, outcome.generation.output_image_id or ""
    )
    assert image is not None
    assert image.slot in bench.store.entries
    assert len(bench.provider.started) == 2


async def test_deleting_the_image_of_a_live_url_has_another_one_made(bench: Bench) -> None:
    first = await fetched(bench)
    await images_of(bench).delete(bench.project.id, first.picture.image_id)
    assert bench.store.entries == {}
    assert bench.cache.recall(live_ask(bench).key) is None
    again = await fetched(bench)
    assert again.how == "miss"
    assert again.picture.image_id != first.picture.image_id


async def test_deleting_what_was_ordered_leaves_its_bytes(bench: Bench) -> None:
    made = await bench.make()
    await bench.service.delete(bench.project.id, made.id)
    assert bench.store.entries, "they stay until they are erased"
    assert await bench.records.purges.open(bench.project.id) == []
    with pytest.raises(NotFound):
        await images_of(bench).find(bench.project.id, made.output_image_id or "")


async def test_erasing_leaves_nothing_anywhere(bench: Bench) -> None:
    made = await bench.make()
    await images_of(bench).erase(bench.project.id, made.output_image_id or "")
    assert bench.store.entries == {}
    assert bench.cache.recall(live_ask(bench).key) is None
    assert await bench.records.purges.open(bench.project.id) == []


async def test_the_address_of_what_was_taken_down_says_so(bench: Bench) -> None:
    answer, images = await fetched(bench), images_of(bench)
    image_id = answer.picture.image_id
    assert (await images.addressed(bench.project.id, image_id)).id == image_id
    await bench.purging.purge(bench.project, ByImage(image_id), tombstone=True)
    with pytest.raises(Gone):
        await images.addressed(bench.project.id, image_id)
    with pytest.raises(NotFound):
        await images.addressed(bench.project.id, "01920000-0000-7000-8000-000000000000")
    await images.erase(bench.project.id, image_id)
    with pytest.raises(Gone):
        await images.addressed(bench.project.id, image_id)


async def test_an_upload_that_was_taken_down_is_not_taken_in_again(bench: Bench) -> None:
    log = bench.records
    uploads = Uploads(
        log.images, log.flows, bench.cache, Limits(max_bytes=10_000), tombstones=log.purges
    )
    image = await uploads.take(bench.project, Upload(png()))
    await bench.purging.purge(bench.project, ByImage(image.id), tombstone=True)
    with pytest.raises(Gone):
        await uploads.take(bench.project, Upload(png()))
    assert (await uploads.take(bench.project, Upload(png("blue")))).id
