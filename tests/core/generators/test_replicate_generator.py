"""The Replicate generator with the real client, against the stand-in."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from core.errors import ContentRefused, GeneratorBusy, GeneratorFailed
from core.generators.replicate_generator import Pace, ReplicateGenerator, open_replicate
from core.models import Model, Recipe
from tests.standins.replicate import ReplicateStandin
from tests.standins.replicate_picture import read_stamp, stamp_of

TOKEN = "r8_a_secret_for_tests"
QUICK = Pace(call=2, connect=1, read=1, first_poll=0.01, longest_poll=0.02, patience=3)
MODEL = Model(
    name="black-forest-labs/flux-schnell",
    version="flux-schnell-1",
    generator="replicate",
    price_micros=3000,
    sizes={"1:1": (1024, 1024), "16:9": (1344, 768)},
    parameters={
        "prompt": "prompt",
        "ratio": "aspect_ratio",
        "seed": "seed",
        "fixed": {"num_outputs": 1},
    },
)
RECIPE = Recipe(prompt="a red lighthouse", ratio="16:9", seed=7, model=MODEL)


@pytest.fixture
async def generator(replicate_standin: ReplicateStandin) -> AsyncIterator[ReplicateGenerator]:
    async with open_replicate(
        TOKEN, base_url=replicate_standin.base_url, cancel_after=300, max_bytes=2**20, pace=QUICK
    ) as opened:
        yield opened


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


async def test_a_busy_provider_is_obeyed_and_asked_only_once(generator, replicate_standin):
    await replicate_standin.script({"on": "create", "do": "429", "retry_after": 7, "times": 2})
    with pytest.raises(GeneratorBusy) as caught:
        await generator.start(RECIPE)
    assert caught.value.retry_after == 7
    with pytest.raises(GeneratorBusy):
        await generator.start(RECIPE)
    # Both steps are used up: neither call was repeated behind our back.
    assert await generator.start(RECIPE)


async def test_a_pause_told_in_words_counts_and_an_absurd_one_is_capped(
    generator, replicate_standin
):
    await replicate_standin.script(
        {"on": "create", "do": "429", "detail": "Your rate limit resets in ~12s."},
        {"on": "create", "do": "429", "retry_after": 86400},
        {"on": "create", "do": "429", "retry_after": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"on": "create", "do": "429", "retry_after": "soon"},
    )
    with pytest.raises(GeneratorBusy) as told:
        await generator.start(RECIPE)
    with pytest.raises(GeneratorBusy) as capped:
        await generator.start(RECIPE)
    with pytest.raises(GeneratorBusy) as dated:
        await generator.start(RECIPE)
    with pytest.raises(GeneratorBusy) as garbled:
        await generator.start(RECIPE)
    pauses = [caught.value.retry_after for caught in (told, capped, dated, garbled)]
    assert pauses == [12, 60, 60, 5]


@pytest.mark.parametrize("status", ["401", "402", "403"])
async def test_what_only_the_operator_can_mend_is_not_asked_again_soon(
    generator, replicate_standin, status
):
    await replicate_standin.script({"on": "create", "do": status})
    with pytest.raises(GeneratorFailed) as caught:
        await generator.start(RECIPE)
    assert caught.value.retry_after == 60
    assert not caught.value.spent


@pytest.mark.parametrize("status", ["404", "422", "500"])
async def test_a_refused_creation_costs_nothing(generator, replicate_standin, status):
    await replicate_standin.script({"on": "create", "do": status})
    with pytest.raises(GeneratorFailed) as caught:
        await generator.start(RECIPE)
    assert not caught.value.spent


async def test_a_refused_prompt_is_told_apart(generator, replicate_standin):
    await replicate_standin.script(
        {"on": "create", "do": "422", "detail": "Input was flagged as sensitive"},
        {"on": "outcome", "do": "nsfw"},
    )
    with pytest.raises(ContentRefused):
        await generator.start(RECIPE)
    with pytest.raises(ContentRefused):
        await generator.finish(await generator.start(RECIPE), RECIPE)


@pytest.mark.parametrize("manner", ["html", "list", "hang", "lost"])
async def test_a_creation_whose_answer_is_lost_counts_as_spent(
    generator, replicate_standin, manner
):
    await replicate_standin.script({"on": "create", "do": manner})
    with pytest.raises(GeneratorFailed) as caught:
        await generator.start(RECIPE)
    assert caught.value.spent


async def test_nobody_listening_is_a_failure_that_cost_nothing():
    async with open_replicate(TOKEN, base_url="http://127.0.0.1:9", pace=QUICK) as generator:
        with pytest.raises(GeneratorFailed) as caught:
            await generator.start(RECIPE)
        assert not caught.value.spent
        await generator.cancel("p1")


@pytest.mark.parametrize(
    ("outcome", "spent"),
    [("failed", False), ("canceled", True), ("aborted", False), ("empty", True)],
)
async def test_a_job_without_a_picture_is_a_failure(generator, replicate_standin, outcome, spent):
    await replicate_standin.script({"on": "outcome", "do": outcome})
    with pytest.raises(GeneratorFailed) as caught:
        await generator.finish(await generator.start(RECIPE), RECIPE)
    assert caught.value.spent is spent


async def test_stumbling_polls_do_not_lose_a_paid_picture(generator, replicate_standin):
    await replicate_standin.script(
        {"on": "poll", "do": "500"},
        {"on": "poll", "do": "html"},
        {"on": "poll", "do": "429"},
    )
    raw = await generator.finish(await generator.start(RECIPE), RECIPE)
    assert raw.body


async def test_a_sick_provider_ends_the_polling(generator, replicate_standin):
    job = await generator.start(RECIPE)
    await replicate_standin.script({"on": "poll", "do": "500", "times": -1})
    with pytest.raises(GeneratorFailed) as caught:
        await generator.finish(job, RECIPE)
    assert caught.value.spent
    assert (await replicate_standin.calls())["polls"] == QUICK.patience + 1


async def test_a_job_that_is_unknown_is_a_failure_at_once(generator, replicate_standin):
    with pytest.raises(GeneratorFailed):
        await generator.finish("long-gone", RECIPE)
    assert (await replicate_standin.calls())["polls"] == 1


async def test_an_id_that_is_none_reaches_no_path(generator, replicate_standin):
    with pytest.raises(GeneratorFailed):
        await generator.finish("../account", RECIPE)
    await generator.cancel("../account")
    calls = await replicate_standin.calls()
    assert (calls["polls"], calls["cancels"]) == (0, 0)


async def test_cancel_stops_the_job_and_never_raises(generator, replicate_standin):
    await replicate_standin.hold()
    job = await generator.start(RECIPE)
    await generator.cancel(job)
    await generator.cancel("long-gone")
    with pytest.raises(GeneratorFailed) as caught:
        await generator.finish(job, RECIPE)
    assert caught.value.spent


async def test_the_callers_deadline_ends_a_job_that_never_ends(generator, replicate_standin):
    await replicate_standin.script({"on": "outcome", "do": "never"})
    job = await generator.start(RECIPE)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await generator.finish(job, RECIPE)


@pytest.mark.parametrize("fault", ["404", "redirect", "endless"])
async def test_a_picture_that_cannot_be_had_is_a_failure(generator, replicate_standin, fault):
    await replicate_standin.script({"on": "file", "do": fault})
    with pytest.raises(GeneratorFailed) as caught:
        await generator.finish(await generator.start(RECIPE), RECIPE)
    assert caught.value.spent
    assert (await replicate_standin.calls())["downloads"] == 1


async def test_a_stumbling_file_host_is_asked_again(generator, replicate_standin):
    await replicate_standin.script({"on": "file", "do": "500"})
    raw = await generator.finish(await generator.start(RECIPE), RECIPE)
    assert raw.body
    assert (await replicate_standin.calls())["downloads"] == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/out.png",
        "http://169.254.169.254/latest/meta-data",
        "https://example.com/out.png",
        "https://replicate.delivery.example.com/out.png",
        "https://user:secret@replicate.delivery/out.png",
        "https://replicate.delivery:8443/out.png",
        "http://replicate.delivery/out.png",
        "file:///etc/passwd",
        "data:image/png,plain",
        "data:image/png;base64,%%%",
        "https://[broken",
    ],
)
async def test_pictures_come_from_allowed_hosts_only(generator, replicate_standin, url):
    await replicate_standin.script({"on": "outcome", "do": "host", "url": url})
    with pytest.raises(GeneratorFailed):
        await generator.finish(await generator.start(RECIPE), RECIPE)


async def test_an_inline_picture_has_the_same_limit(generator, replicate_standin):
    data = base64.b64encode(bytes(2**20 + 9)).decode()
    await replicate_standin.script(
        {"on": "outcome", "do": "host", "url": f"data:image/png;base64,{data}"}
    )
    with pytest.raises(GeneratorFailed, match="too large"):
        await generator.finish(await generator.start(RECIPE), RECIPE)


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
