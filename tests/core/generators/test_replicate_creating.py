"""What a provider that refuses, stumbles or keeps silent at the start costs."""

import pytest

from core.errors import ContentRefused, GeneratorBusy, GeneratorFailed
from core.generators.replicate_generator import open_replicate
from tests.core.generators.replicate_recipe import QUICK, RECIPE, TOKEN


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
