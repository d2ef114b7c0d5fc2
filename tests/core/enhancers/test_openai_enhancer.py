"""The chat endpoint of an OpenAI-compatible server as an enhancer, against the stand-in."""

from collections.abc import AsyncIterator

import pytest

from core.enhancers.instruction import instruction_for
from core.enhancers.model_enhancer import ModelEnhancer
from core.enhancers.openai_enhancer import open_openai_enhancer
from tests.standins.openai import OpenaiStandin

KEY = "sk-a-secret-for-tests"


@pytest.fixture
async def enhancer(openai_standin: OpenaiStandin) -> AsyncIterator[ModelEnhancer]:
    async with open_openai_enhancer(KEY, "gpt-test", base_url=openai_standin.base_url) as opened:
        yield opened


async def test_a_prompt_becomes_a_fuller_one(enhancer, openai_standin):
    made = await enhancer.enhance("красный маяк", "photorealistic")
    assert made.text == "A red lighthouse on a cliff at dusk, warm light, fine detail"
    assert made.version == enhancer.version == "llm-1:gpt-test"
    assert not made.fell_back
    (asked,) = (await openai_standin.calls())["asked"]
    assert asked["headers"]["authorization"] == f"Bearer {KEY}"
    assert asked["body"] == {
        "model": "gpt-test",
        "messages": [
            {"role": "system", "content": instruction_for("photorealistic")},
            {"role": "user", "content": "красный маяк"},
        ],
    }


async def test_what_it_says_is_cleaned(enhancer, openai_standin):
    await openai_standin.script({"on": "chat", "do": "say", "text": 'Prompt:\n"A red\nlighthouse"'})
    assert (await enhancer.enhance("a lighthouse", "general")).text == "A red lighthouse"


@pytest.mark.parametrize(
    "manner", ["429", "401", "500", "html", "list", "cut", "empty", "refusal", "filtered"]
)
async def test_every_failure_falls_back_after_one_call(enhancer, openai_standin, manner):
    await openai_standin.script({"on": "chat", "do": manner, "retry_after": 1})
    made = await enhancer.enhance("a lighthouse", "general")
    assert (made.text, made.fell_back) == ("a lighthouse", True)
    assert (await openai_standin.calls())["chats"] == 1


async def test_silence_ends_with_the_timeout_and_a_hang_up(openai_standin):
    await openai_standin.script({"on": "chat", "do": "hang"})
    async with open_openai_enhancer(
        KEY, "gpt-test", base_url=openai_standin.base_url, timeout=0.2
    ) as enhancer:
        made = await enhancer.enhance("a lighthouse", "general")
    assert made.fell_back
    await openai_standin.wait(hangups=1)


async def test_nobody_listening_falls_back():
    async with open_openai_enhancer(KEY, "gpt-test", base_url="http://127.0.0.1:9/v1") as enhancer:
        assert (await enhancer.enhance("a lighthouse", "general")).fell_back


async def test_a_key_never_crosses_the_internet_in_the_clear():
    with pytest.raises(ValueError, match="https"):
        async with open_openai_enhancer(KEY, "m", base_url="http://chat.example.com/v1"):
            pass
