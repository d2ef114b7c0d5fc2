"""The Replicate generator with the real client, against the stand-in."""

import asyncio
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from core.generators.replicate_generator import open_replicate
from core.models import Recipe
from tests.core.generators.replicate_recipe import MODEL, QUICK, RECIPE, TOKEN
from tests.standins.replicate_picture import read_stamp, stamp_of


async def test_a_recipe_becomes_a_picture(generator, replicate_standin):
    job = await generator.start(RECIPE)
    raw = await generator.finish(job, RECIPE)

    with Image.open(BytesIO(raw.body)) as image:
        assert image.size == (672, 384)
    assert read_stamp(raw.body)[0] == stamp_of("a red lighthouse")
    assert raw.cost_micros == 3000
    (create,) = (await replicate_standin.calls())["creates"]
    assert create["model"] == "black-forest-labs/flux-schnell"
    assert create["input"] == {
        "prompt": "a red lighthouse",
        "aspect_ratio": "16:9",
        "seed": 7,
        "num_outputs": 1,
    }


async def test_the_job_id_comes_before_the_picture(generator, replicate_standin):
    await replicate_standin.hold()
    async with asyncio.timeout(5):
        job = await generator.start(RECIPE)
    finishing = asyncio.create_task(generator.finish(job, RECIPE))
    await replicate_standin.wait(polls=2)
    assert not finishing.done()
    await replicate_standin.release()
    assert (await finishing).body


async def test_creating_holds_no_line_and_names_a_deadline(generator, replicate_standin):
    await generator.start(RECIPE)
    (create,) = (await replicate_standin.calls())["creates"]
    assert "prefer" not in create["headers"]
    assert create["headers"]["cancel-after"] == "300s"
    assert create["headers"]["authorization"] == f"Bearer {TOKEN}"


async def test_the_token_never_reaches_the_host_of_the_picture(generator, replicate_standin):
    await generator.finish(await generator.start(RECIPE), RECIPE)
    (headers,) = (await replicate_standin.calls())["downloadHeaders"]
    assert "authorization" not in headers
    assert not any(TOKEN in value for value in headers.values())


async def test_a_started_job_can_be_finished_by_another_process(generator, replicate_standin):
    job = await generator.start(RECIPE)
    async with open_replicate(TOKEN, base_url=replicate_standin.base_url, pace=QUICK) as successor:
        raw = await successor.finish(job, RECIPE)
    assert read_stamp(raw.body)[0] == stamp_of(RECIPE.prompt)
    assert await replicate_standin.created() == 1


async def test_a_model_pinned_to_a_release_is_asked_by_its_version(generator, replicate_standin):
    model = replace(MODEL, parameters={**MODEL.parameters, "release": "f" * 64})
    await generator.start(replace(RECIPE, model=model))
    (create,) = (await replicate_standin.calls())["creates"]
    assert create["version"] == "f" * 64
    assert create["model"] is None


async def test_a_model_that_wants_pixels_gets_pixels(generator, replicate_standin):
    names = {"prompt": "prompt", "width": "width", "height": "height", "size": "size"}
    recipe = replace(RECIPE, model=replace(MODEL, parameters=names))
    raw = await generator.finish(await generator.start(recipe), recipe)
    (create,) = (await replicate_standin.calls())["creates"]
    assert create["input"] == {
        "prompt": "a red lighthouse",
        "width": 1344,
        "height": 768,
        "size": "1344x768",
    }
    assert raw.body


@pytest.mark.parametrize("shape", ["string", "dict", "data"])
async def test_every_form_of_output_is_understood(generator, replicate_standin, shape):
    await replicate_standin.script({"on": "outcome", "do": shape})
    raw = await generator.finish(await generator.start(RECIPE), RECIPE)
    assert read_stamp(raw.body)[0] == stamp_of(RECIPE.prompt)


async def test_many_jobs_run_at_once(generator, replicate_standin):
    recipes = [replace(RECIPE, prompt=f"picture {number}") for number in range(20)]

    async def make(recipe: Recipe) -> str:
        raw = await generator.finish(await generator.start(recipe), recipe)
        return read_stamp(raw.body)[0]

    stamps = await asyncio.gather(*(make(recipe) for recipe in recipes))
    assert stamps == [stamp_of(recipe.prompt) for recipe in recipes]
    assert await replicate_standin.created() == 20


async def test_a_token_never_travels_in_the_clear():
    with pytest.raises(ValueError, match="https"):
        async with open_replicate(TOKEN, base_url="http://replicate.internal"):
            pass
    with pytest.raises(ValueError, match="token"):
        async with open_replicate(""):
            pass
