"""A language model on Replicate as an enhancer, with the real client, against the stand-in."""

from collections.abc import AsyncIterator

import pytest

from core.enhancers.instruction import instruction_for
from core.enhancers.model_enhancer import ModelEnhancer
from core.enhancers.replicate_enhancer import open_replicate_enhancer
from tests.standins.replicate import ReplicateStandin

TOKEN = "r8_a_secret_for_tests"
MODEL = "meta/meta-llama-3-8b-instruct"


@pytest.fixture
async def enhancer(replicate_standin: ReplicateStandin) -> AsyncIterator[ModelEnhancer]:
    async with open_replicate_enhancer(
        TOKEN, MODEL, base_url=replicate_standin.base_url, timeout=2
    ) as opened:
        yield opened


@pytest.mark.parametrize("said", ["A red lighthouse", ["A red", " light", "house\n"]])
async def test_a_prompt_becomes_a_fuller_one(enhancer, replicate_standin, said):
    await replicate_standin.script({"on": "outcome", "do": "text", "text": said})
    made = await enhancer.enhance("красный маяк", "sticker")
    assert (made.text, made.version) == ("A red lighthouse", f"llm-1:{MODEL}")
    assert not made.fell_back
    (create,) = (await replicate_standin.calls())["creates"]
    assert create["model"] == MODEL
    assert create["headers"]["cancel-after"] == "5s"
    assert set(create["input"]) == {"prompt"}
    assert create["input"]["prompt"].startswith(instruction_for("sticker"))
    assert create["input"]["prompt"].splitlines()[-1] == "красный маяк"


@pytest.mark.parametrize("outcome", ["failed", "canceled", "aborted", "empty", "dict"])
async def test_a_prediction_without_text_falls_back(enhancer, replicate_standin, outcome):
    await replicate_standin.script({"on": "outcome", "do": outcome})
    made = await enhancer.enhance("a lighthouse", "general")
    assert (made.text, made.fell_back) == ("a lighthouse", True)
    assert await replicate_standin.created() == 1


@pytest.mark.parametrize("manner", ["429", "401", "500", "html", "list", "lost"])
async def test_every_refusal_falls_back_after_one_call(enhancer, replicate_standin, manner):
    await replicate_standin.script({"on": "create", "do": manner, "retry_after": 1})
    assert (await enhancer.enhance("a lighthouse", "general")).fell_back
    assert await replicate_standin.created() <= 1


async def test_a_model_that_never_ends_falls_back(replicate_standin):
    await replicate_standin.script({"on": "outcome", "do": "never"})
    async with open_replicate_enhancer(
        TOKEN, MODEL, base_url=replicate_standin.base_url, timeout=0.4
    ) as enhancer:
        assert (await enhancer.enhance("a lighthouse", "general")).fell_back


async def test_a_token_never_travels_in_the_clear():
    with pytest.raises(ValueError, match="https"):
        async with open_replicate_enhancer(TOKEN, MODEL, base_url="http://replicate.internal"):
            pass
