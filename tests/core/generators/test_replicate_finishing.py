"""From a job that was started to its picture: polls, downloads, and what ends them."""

import asyncio
import base64

import pytest

from core.errors import GeneratorFailed
from tests.core.generators.replicate_recipe import QUICK, RECIPE


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
