"""What an OpenAI-compatible endpoint can do wrong, and who pays for it."""

from collections.abc import AsyncIterator

import pytest

from core.errors import ContentRefused, GeneratorBusy, GeneratorFailed
from core.generators.openai_generator import OpenaiGenerator, open_openai
from tests.core.generators.openai_calls import KEY, failure
from tests.standins.openai import OpenaiStandin


@pytest.fixture
async def generator(openai_standin: OpenaiStandin) -> AsyncIterator[OpenaiGenerator]:
    async with open_openai(
        KEY, base_url=openai_standin.base_url, deadline=5, max_bytes=2**20
    ) as opened:
        yield opened


async def test_a_provider_that_asks_for_a_pause_is_given_one(generator, openai_standin):
    pauses = []
    for told in (12, 9999, "soon", None):
        await openai_standin.script({"on": "image", "do": "429", "retry_after": told})
        error = await failure(generator)
        assert isinstance(error, GeneratorBusy)
        assert not error.spent
        pauses.append(error.retry_after)
    assert pauses == [12, 60, 5, 5]
    assert await openai_standin.created() == 4


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        ("400", "content_policy_violation", "no"),
        ("400", "moderation_blocked", "no"),
        ("403", "Content_Filter", "no"),
        ("422", None, "Your request was rejected by our safety system."),
    ],
)
async def test_a_refused_prompt_is_told_apart(generator, openai_standin, status, code, message):
    await openai_standin.script({"on": "image", "do": status, "code": code, "message": message})
    error = await failure(generator)
    assert isinstance(error, ContentRefused)
    assert not error.spent


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("401", "invalid_api_key"),
        ("403", None),
        ("429", "insufficient_quota"),
        ("400", "billing_hard_limit_reached"),
    ],
)
async def test_what_only_the_operator_can_mend_is_not_asked_again_soon(
    generator, openai_standin, status, code
):
    await openai_standin.script({"on": "image", "do": status, "code": code})
    error = await failure(generator)
    assert isinstance(error, GeneratorFailed)
    assert error.retry_after == 60
    assert not error.spent


@pytest.mark.parametrize(
    ("status", "spent"),
    [
        ("400", False),
        ("404", False),
        ("302", False),
        ("500", False),
        ("503", False),
        ("502", True),
        ("lost", True),
    ],
)
async def test_a_call_that_fails_is_never_repeated(generator, openai_standin, status, spent):
    await openai_standin.script({"on": "image", "do": status})
    error = await failure(generator)
    assert isinstance(error, GeneratorFailed)
    assert error.spent is spent
    assert await openai_standin.created() == 1


async def test_an_overloaded_provider_says_for_how_long(generator, openai_standin):
    await openai_standin.script({"on": "image", "do": "503", "retry_after": 20})
    assert (await failure(generator)).retry_after == 20


@pytest.mark.parametrize("manner", ["html", "list", "empty", "garbled", "cut"])
async def test_an_answer_without_a_picture_counts_as_spent(generator, openai_standin, manner):
    await openai_standin.script({"on": "image", "do": manner})
    error = await failure(generator)
    assert isinstance(error, GeneratorFailed)
    assert error.spent
    assert await openai_standin.created() == 1


async def test_nobody_listening_is_a_failure_that_cost_nothing():
    async with open_openai(KEY, base_url="http://127.0.0.1:9/v1") as generator:
        error = await failure(generator)
    assert isinstance(error, GeneratorFailed)
    assert not error.spent
