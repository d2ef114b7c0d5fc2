"""One text, one prompt: what meets, what stays apart, what is refused."""

import json
import time
import unicodedata
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.prompt import REST_PROMPT_LIMIT, checked_prompt, normalise

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "prompts.json").read_text("utf-8"))

# Texts of what normalisation cares about: spaces, accents, hidden and shaping characters.
TRICKY = st.text(
    st.one_of(
        st.sampled_from(
            "aA e\t\r\n\x0b\x85\xa0\xad\u0301\u0323\u030a\u200b\u200c\u200d\u202e\u2000\u2001\u2028"
            "\u2060\u3000\ufeff\ufe0f\u1100\u1161\u11a8\u212b\u0344\u0f73\U0001f468\U000e0067"
        ),
        st.characters(exclude_categories=["Cs"]),
    )
)


def code(text: str | None, limit: int = 1000) -> str:
    with pytest.raises(Invalid) as refusal:
        checked_prompt(text, limit)
    (field,) = refusal.value.fields
    assert field.name == "prompt"
    return field.code


@pytest.mark.parametrize("case", VECTORS["accepted"], ids=lambda case: case["name"])
def test_a_prompt_becomes_the_published_text(case: dict[str, str]) -> None:
    assert checked_prompt(case["given"]) == case["normalised"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_a_bad_prompt_is_refused_with_the_published_code(case: dict[str, str]) -> None:
    assert code(case["given"]) == case["code"]


@pytest.mark.parametrize("texts", VECTORS["meet"], ids=ascii)
def test_texts_that_read_the_same_meet(texts: list[str]) -> None:
    assert len(set(texts)) == len(texts)
    assert len({checked_prompt(text) for text in texts}) == 1


@pytest.mark.parametrize("texts", VECTORS["apart"], ids=ascii)
def test_texts_that_only_look_alike_stay_apart(texts: list[str]) -> None:
    for one, other in combinations(texts, 2):
        assert checked_prompt(one) != checked_prompt(other)


@given(TRICKY)
def test_normalising_twice_changes_nothing(text: str) -> None:
    try:
        once = normalise(text)
    except Invalid:
        return
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip(" ")
    assert "  " not in once


@given(TRICKY, TRICKY)
def test_a_hidden_character_anywhere_changes_nothing(before: str, after: str) -> None:
    try:
        plain = normalise(before + after)
    except Invalid:
        return
    assert normalise(f"{before}\u200b{after}") == plain


def test_no_single_character_survives_that_should_not() -> None:
    for point in range(0x110000):
        character = chr(point)
        try:
            kept = normalise(f"a{character}b")
        except Invalid:
            category = unicodedata.category(character)
            noncharacter = point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF
            assert category in {"Cc", "Cs"} or noncharacter or point == 0xFFFD, hex(point)
            continue
        assert unicodedata.category(character) != "Cs", hex(point)
        if character.isspace():
            assert kept == "a b", hex(point)


def test_an_absent_prompt_is_missing_not_empty() -> None:
    assert code(None) == "PROMPT_MISSING"


def test_the_limit_counts_code_points_after_normalisation() -> None:
    accented = "e\u0301" * 1000
    assert len(checked_prompt(accented)) == 1000
    assert len(checked_prompt("\U0001f468" * 1000)) == 1000
    assert code("e\u0301" * 1001) == "PROMPT_TOO_LONG"
    assert checked_prompt("x" * 4000, REST_PROMPT_LIMIT) == "x" * 4000
    assert code("x" * 4001, REST_PROMPT_LIMIT) == "PROMPT_TOO_LONG"


def test_a_prompt_that_composes_four_to_one_is_measured_after_it() -> None:
    assert checked_prompt("\u03b1\u0313\u0300\u0345" * 1000) == "\u1f82" * 1000


def test_a_long_prompt_is_told_how_long_and_where_to_go() -> None:
    with pytest.raises(Invalid) as refusal:
        checked_prompt("secret " * 200)
    message = refusal.value.fields[0].message
    assert "1399" in message
    assert "1000" in message
    assert "POST /api/v1/generations" in message
    assert "secret" not in message


def test_a_flood_of_accents_is_refused_quickly() -> None:
    start = time.perf_counter()
    assert code("a" + "\u0301\u0323" * 120_000, REST_PROMPT_LIMIT) == "PROMPT_TOO_LONG"
    assert time.perf_counter() - start < 1
