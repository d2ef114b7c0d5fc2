"""The generator for OpenAI-compatible endpoints, against the stand-in."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from core.errors import GeneratorFailed
from core.generators.openai_generator import OpenaiGenerator, open_openai
from tests.core.generators.openai_calls import KEY, MODEL, RECIPE, failure, make
from tests.standins.openai import OpenaiStandin
from tests.standins.replicate_picture import read_stamp, stamp_of


@pytest.fixture
async def generator(openai_standin: OpenaiStandin) -> AsyncIterator[OpenaiGenerator]:
    async with open_openai(
        KEY, base_url=openai_standin.base_url, deadline=5, max_bytes=2**20
    ) as opened:
        yield opened


async def test_a_recipe_becomes_a_picture(generator, openai_standin):
    raw = await make(generator)
    with Image.open(BytesIO(raw.body)) as image:
        assert image.size == (768, 512)
    assert read_stamp(raw.body)[0] == stamp_of("a red lighthouse")
    assert raw.cost_micros == 70_000
    (asked,) = (await openai_standin.calls())["asked"]
    assert asked["headers"]["authorization"] == f"Bearer {KEY}"
    assert asked["body"] == {
        "model": "gpt-image-1",
        "prompt": "a red lighthouse",
        "n": 1,
        "size": "1536x1024",
        "quality": "medium",
        "output_format": "png",
    }


async def test_a_row_may_name_a_seed_another_model_and_a_format(generator, openai_standin):
    parameters = {
        "prompt": "prompt",
        "seed": "seed",
        "fixed": {"model": "sdxl-turbo", "response_format": "b64_json"},
    }
    await make(generator, replace(RECIPE, model=replace(MODEL, parameters=parameters)))
    (asked,) = (await openai_standin.calls())["asked"]
    assert asked["body"] == {
        "model": "sdxl-turbo",
        "prompt": "a red lighthouse",
        "n": 1,
        "seed": 7,
        "response_format": "b64_json",
    }


async def test_a_base_url_may_end_in_a_slash(openai_standin):
    async with open_openai(KEY, base_url=f"{openai_standin.base_url}/") as generator:
        assert (await make(generator)).body


async def test_the_job_id_comes_before_the_picture(generator, openai_standin):
    await openai_standin.hold()
    job = await generator.start(RECIPE)
    finishing = asyncio.create_task(generator.finish(job, RECIPE))
    await openai_standin.wait(images=1)
    assert not finishing.done()
    await openai_standin.release()
    assert (await finishing).body


async def test_an_interrupted_finish_may_be_repeated(generator, openai_standin):
    await openai_standin.hold()
    job = await generator.start(RECIPE)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await generator.finish(job, RECIPE)
    await openai_standin.release()
    first = await generator.finish(job, RECIPE)
    again, and_again = await asyncio.gather(
        generator.finish(job, RECIPE), generator.finish(job, RECIPE)
    )
    assert first == again == and_again
    assert await openai_standin.created() == 1


async def test_a_job_of_another_process_is_lost_and_counts_as_spent(generator, openai_standin):
    job = await generator.start(RECIPE)
    await generator.finish(job, RECIPE)
    async with open_openai(KEY, base_url=openai_standin.base_url) as successor:
        with pytest.raises(GeneratorFailed) as caught:
            await successor.finish(job, RECIPE)
        assert caught.value.spent
        await successor.cancel(job)
    assert await openai_standin.created() == 1


async def test_ended_jobs_are_kept_in_bounded_number(generator):
    jobs = [await generator.start(RECIPE) for _ in range(12)]
    await asyncio.gather(*(generator.finish(job, RECIPE) for job in jobs))
    kept = 0
    for job in jobs:
        try:
            await generator.finish(job, RECIPE)
            kept += 1
        except GeneratorFailed:
            pass
    assert kept == 8


async def test_cancel_hangs_up_and_counts_as_spent(generator, openai_standin):
    await openai_standin.hold()
    job = await generator.start(RECIPE)
    await openai_standin.wait(images=1)
    await generator.cancel(job)
    await openai_standin.wait(hangups=1)
    with pytest.raises(GeneratorFailed) as caught:
        await generator.finish(job, RECIPE)
    assert caught.value.spent


async def test_closing_hangs_up_on_every_call(openai_standin):
    await openai_standin.hold()
    async with open_openai(KEY, base_url=openai_standin.base_url) as generator:
        for _ in range(3):
            await generator.start(RECIPE)
        await openai_standin.wait(images=3)
    await openai_standin.wait(hangups=3)


async def test_a_failure_nobody_comes_for_is_no_warning(openai_standin):
    await openai_standin.script({"on": "image", "do": "500"})
    async with open_openai(KEY, base_url=openai_standin.base_url) as generator:
        await generator.start(RECIPE)
        await openai_standin.wait(images=1)


async def test_the_call_has_a_deadline_of_its_own(openai_standin):
    await openai_standin.hold()
    async with open_openai(KEY, base_url=openai_standin.base_url, deadline=0.2) as generator:
        error = await failure(generator)
    assert isinstance(error, GeneratorFailed)
    assert error.spent


@pytest.mark.parametrize("manner", ["url", "data"])
async def test_a_picture_may_also_come_by_address(generator, openai_standin, manner):
    await openai_standin.script({"on": "image", "do": manner})
    raw = await make(generator)
    assert read_stamp(raw.body)[0] == stamp_of(RECIPE.prompt)
    for headers in (await openai_standin.calls())["downloadHeaders"]:
        assert not any(KEY in value for value in headers.values())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/out.png", "https://example.com/out.png", "file:///etc/passwd"]
)
async def test_pictures_come_from_the_servers_own_origin_only(generator, openai_standin, url):
    await openai_standin.script({"on": "image", "do": "host", "url": url})
    error = await failure(generator)
    assert error.spent
    assert (await openai_standin.calls())["downloads"] == 0


async def test_an_inline_picture_is_bounded(generator, openai_standin):
    data = base64.b64encode(bytes(2**20 + 9)).decode()
    await openai_standin.script(
        {"on": "image", "do": "host", "url": f"data:image/png;base64,{data}"}
    )
    assert "too large" in str(await failure(generator))


async def test_many_calls_run_at_once(generator, openai_standin):
    recipes = [replace(RECIPE, prompt=f"picture {number}") for number in range(20)]
    raws = await asyncio.gather(*(make(generator, recipe) for recipe in recipes))
    assert [read_stamp(raw.body)[0] for raw in raws] == [
        stamp_of(recipe.prompt) for recipe in recipes
    ]
    assert await openai_standin.created() == 20


@pytest.mark.parametrize("base_url", ["http://images.example.com/v1", "http://8.8.8.8/v1"])
async def test_a_key_never_crosses_the_internet_in_the_clear(base_url):
    with pytest.raises(ValueError, match="https"):
        async with open_openai(KEY, base_url=base_url):
            pass


@pytest.mark.parametrize("base_url", ["http://localai:8080/v1", "http://10.0.0.7:8080/v1"])
async def test_a_server_of_the_own_network_needs_no_certificate(base_url):
    async with open_openai(KEY, base_url=base_url) as generator:
        assert generator.name == "openai"


async def test_an_empty_key_is_a_mistake():
    with pytest.raises(ValueError, match="key"):
        async with open_openai(""):
            pass
