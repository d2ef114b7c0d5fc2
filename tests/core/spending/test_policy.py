"""Denied words: found as whole words however they are written, and nowhere else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PolicyUnavailable
from core.models import Project
from core.spending.policy import AnyPrompt, DenyList, EveryPolicy, words_of
from tests.core.fakes import PROJECT

OTHER = replace(PROJECT, slug="blog")


async def denied(phrase: str, prompt: str) -> bool:
    return not await DenyList([phrase]).allows(PROJECT, prompt)


@pytest.mark.parametrize(
    ("phrase", "prompt"),
    [
        ("casino", "casino"),
        ("casino", "a CASINO, at night"),
        ("Casino", "«casino»"),
        ("casino", "casino-royale"),
        ("casino", "the casino's door"),
        ("night club", "a Night-Club!"),
        ("night club", "night\u00a0 club"),
        ("x-rated", "X rated"),
        ("straße", "STRASSE"),
        ("café", "cafe\u0301"),
        ("casino", "\uff43\uff41\uff53\uff49\uff4e\uff4f"),
        ("casino", "\U0001d4b8\U0001d4b6\U0001d4c8\U0001d4be\U0001d4c3\u2134"),
        ("casino", "cas\u200dino"),
        ("casino", "cas\u00adino"),
        ("казино", "КАЗИНО в огнях"),
        ("裸体", "一张裸体照片"),
        ("カジノ", "夜のカジノの写真"),
        ("4 20", "at 4:20"),
    ],
)
async def test_a_denied_phrase_is_found_however_it_is_written(phrase, prompt):
    assert await denied(phrase, prompt)


@pytest.mark.parametrize(
    ("phrase", "prompt"),
    [
        ("casino", "casinos"),
        ("nude", "denuded hills"),
        ("night club", "a club at night"),
        ("night club", "nightclub"),
        ("night club", "a night in the club"),
        ("cafe", "café"),
        ("казино", "казиношный"),
        ("कम", "कमल"),
        ("casino", "a lighthouse"),
        ("casino", ""),
    ],
)
async def test_other_words_are_left_alone(phrase, prompt):
    assert not await denied(phrase, prompt)


async def test_a_list_of_one_project_is_not_the_others():
    policy = DenyList(["casino"], {"main/site": ["lighthouse"], "other/site": ["sea"]})
    assert not await policy.allows(PROJECT, "a lighthouse")
    assert await policy.allows(OTHER, "a lighthouse")
    assert await policy.allows(PROJECT, "the sea")
    assert not await policy.allows(PROJECT, "a casino")
    assert not await policy.allows(OTHER, "a casino")


async def test_without_a_list_everything_is_welcome():
    assert await DenyList().allows(PROJECT, "a casino")
    assert await DenyList([" ", "!"]).allows(PROJECT, "a casino !")
    assert await AnyPrompt().allows(PROJECT, "a casino")


class Verdict:
    """A policy that notes what it was asked."""

    def __init__(self, verdict: bool | Exception) -> None:
        self._verdict = verdict
        self.asked: list[str] = []

    async def allows(self, project: Project, prompt: str) -> bool:
        self.asked.append(prompt)
        if isinstance(self._verdict, Exception):
            raise self._verdict
        return self._verdict


async def test_all_policies_have_to_allow_and_none_is_asked_after_a_refusal():
    first, second, third = Verdict(True), Verdict(False), Verdict(True)
    assert not await EveryPolicy((first, second, third)).allows(PROJECT, "a lighthouse")
    assert (first.asked, second.asked, third.asked) == (["a lighthouse"], ["a lighthouse"], [])
    assert await EveryPolicy((first, third)).allows(PROJECT, "a lighthouse")
    assert await EveryPolicy(()).allows(PROJECT, "a lighthouse")


async def test_a_policy_that_cannot_say_is_no_leave():
    silent = Verdict(PolicyUnavailable(retry_after=5))
    with pytest.raises(PolicyUnavailable):
        await EveryPolicy((AnyPrompt(), silent)).allows(PROJECT, "a lighthouse")


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
async def test_a_phrase_is_found_wherever_it_stands(before, after, phrase):
    if words_of(phrase):
        assert await denied(phrase, f"{before} {phrase.upper()} {after}")


@given(st.text(max_size=100))
def test_comparing_twice_changes_nothing(text):
    words = words_of(text)
    assert words_of(" ".join(words)) == words
