"""A scope's pictures made anew: the new one first, then the exchange behind the live URL."""

from dataclasses import replace

import pytest

from core.errors import (
    Forbidden,
    GeneratorFailed,
    NotFound,
    SpendingNotAllowed,
    StoreDown,
)
from core.generations.requests import Owner
from core.live_request import LiveRequest
from core.scopes.remaking import Wanted
from tests.core.scopes.studio import EVERYTHING, Studio


async def test_the_live_url_shows_a_new_picture_and_the_old_one_is_gone(studio: Studio) -> None:
    before = await studio.look()
    remade = await studio.regenerate()
    (made,) = [await studio.row(one) for one in remade.generations]
    assert (made.status, made.cost_micros, made.cached) == ("success", 3000, False)
    after = await studio.look()
    assert after.image_id == made.output_image_id != before.image_id
    assert after.body != before.body
    assert after.slot == before.slot
    assert len(studio.bench.provider.started) == 2
    images, project_id = studio.bench.records.images, studio.bench.project.id
    assert await images.find(project_id, before.image_id) is None
    image = await images.find(project_id, after.image_id)
    assert image is not None
    assert (image.slot, image.origin, image.digest) == (after.slot, "live", after.digest)
    # Nothing is left where the new picture was made.
    assert len(studio.bench.store.entries) == 1
    assert [key.slot for key in studio.neighbours.told] == [after.slot]


async def test_whoever_sees_it_done_finds_it_behind_the_url(studio: Studio) -> None:
    await studio.look()
    await studio.regenerate()
    assert studio.neighbours.seen == [["processing", "success"]]


async def test_each_picture_is_new_however_often_it_is_asked_for(studio: Studio) -> None:
    shown = [await studio.look(seed=7)]
    for _ in range(3):
        await studio.regenerate()
        shown.append(await studio.look(seed=7))
    assert len({picture.image_id for picture in shown}) == 4
    assert len({picture.slot for picture in shown}) == 1
    assert len({recipe.seed for recipe in studio.bench.provider.started}) == 4


async def test_a_failure_leaves_the_old_picture(studio: Studio) -> None:
    before = await studio.look()
    studio.bench.provider.fail_finish = GeneratorFailed()
    remade = await studio.regenerate()
    (failed,) = [await studio.row(one) for one in remade.generations]
    assert (failed.status, failed.error_code) == ("failed", "GENERATOR_FAILED")
    assert (await studio.look()).image_id == before.image_id
    studio.bench.provider.fail_finish = None
    await studio.regenerate()
    assert (await studio.look()).image_id != before.image_id


async def test_asked_twice_it_is_the_same_work(studio: Studio) -> None:
    await studio.look()
    bench = studio.bench
    bench.provider.gate.clear()
    first = await studio.remaking.regenerate(bench.owner, studio.scope, EVERYTHING)
    await bench.provider.waiting.wait()
    second = await studio.remaking.regenerate(bench.owner, studio.scope, EVERYTHING)
    bench.provider.gate.set()
    await bench.work.settle()
    assert [one.id for one in first.generations] == [one.id for one in second.generations]
    assert len(bench.provider.started) == 2


async def test_what_could_not_change_places_does_so_at_no_cost_when_asked_again(
    studio: Studio,
) -> None:
    before = await studio.look()
    studio.neighbours.failure = StoreDown()
    (paid,) = (await studio.regenerate()).generations
    assert (await studio.row(paid)).status == "success"
    studio.neighbours.failure = None
    studio.bench.admission.left = 0
    (again,) = (await studio.regenerate()).generations
    row = await studio.row(again)
    assert (row.status, row.cached, row.cost_micros) == ("success", True, 0)
    assert len(studio.bench.provider.started) == 2
    after = await studio.look()
    assert after.image_id == row.output_image_id != before.image_id
    images = studio.bench.records.images
    assert await images.find(studio.bench.project.id, before.image_id) is None


async def test_a_purge_during_the_work_wins(studio: Studio) -> None:
    before = await studio.look()
    bench = studio.bench
    bench.provider.gate.clear()
    await studio.remaking.regenerate(bench.owner, studio.scope, EVERYTHING)
    await bench.provider.waiting.wait()
    studio.watch.purged.append(before.slot)
    key = bench.live.decide(studio.visitor(), LiveRequest("a lighthouse", "1:1")).key
    await bench.cache.forget(key)
    bench.provider.gate.set()
    await bench.work.settle()
    assert before.slot not in bench.store.entries
    assert studio.neighbours.told == []


async def test_a_scopes_pictures_are_all_made_anew_and_nobody_elses(studio: Studio) -> None:
    prompts = ("one", "two", "three")
    before = {prompt: (await studio.look(prompt)).image_id for prompt in prompts}
    other = await studio.bench.make("by rest")
    remade = await studio.regenerate()
    assert (len(remade.generations), remade.remaining, remade.next_cursor) == (3, 0, None)
    after = {prompt: (await studio.look(prompt)).image_id for prompt in prompts}
    assert not set(before.values()) & set(after.values())
    assert (await studio.row(other)).output_image_id == other.output_image_id
    assert len(studio.bench.provider.started) == 7


async def test_one_picture_is_chosen_by_its_image(studio: Studio) -> None:
    one, other = await studio.look("one"), await studio.look("other")
    remade = await studio.regenerate(Wanted(image_id=one.image_id))
    assert len(remade.generations) == 1
    assert (await studio.look("one")).image_id != one.image_id
    assert (await studio.look("other")).image_id == other.image_id
    with pytest.raises(NotFound) as refused:
        await studio.regenerate(Wanted(image_id=one.image_id))
    assert refused.value.code == "IMAGE_NOT_FOUND"


async def test_one_picture_is_chosen_by_its_url_whoever_had_it_made(studio: Studio) -> None:
    made = await studio.bench.make("a castle")
    assert (await studio.look("a castle")).image_id == made.output_image_id
    wanted = Wanted(request=LiveRequest("a castle", "1:1"))
    await studio.regenerate(wanted)
    assert (await studio.look("a castle")).image_id != made.output_image_id
    with pytest.raises(NotFound) as refused:
        await studio.regenerate(Wanted(request=LiveRequest("nobody's", "1:1")))
    assert refused.value.code == "IMAGE_NOT_FOUND"


async def test_a_closed_scope_and_a_key_that_may_only_read_spend_nothing(studio: Studio) -> None:
    await studio.look()
    bench, scope = studio.bench, studio.scope
    closed = replace(scope, allow_new_generations=False)
    with pytest.raises(SpendingNotAllowed):
        await studio.remaking.regenerate(bench.owner, closed, EVERYTHING)
    reader = Owner(bench.project, replace(bench.owner.key, scopes=frozenset({"live:read"})))
    with pytest.raises(Forbidden):
        await studio.remaking.regenerate(reader, scope, EVERYTHING)
    assert len(bench.provider.started) == 1


async def test_models_that_are_not_allowed_are_left_alone(studio: Studio) -> None:
    await studio.look()
    narrow = replace(studio.scope, allowed_models=("plain",))
    remade = await studio.remaking.regenerate(studio.bench.owner, narrow, EVERYTHING)
    assert remade.generations == ()
    assert len(studio.bench.provider.started) == 1


async def test_a_picture_keeps_its_names(studio: Studio) -> None:
    before = await studio.look()
    images, project_id = studio.bench.records.images, studio.bench.project.id
    await images.assign_alias(project_id, before.image_id, "@hero")
    await studio.regenerate()
    named = await images.by_project_alias(project_id, "@hero")
    assert named is not None
    assert named.id == (await studio.look()).image_id
