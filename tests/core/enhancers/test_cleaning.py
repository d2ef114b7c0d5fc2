"""What a language model says becomes one clean line, or is refused."""

import pytest

from core.enhancers.cleaning import EnhancementFailed, cleaned
from core.prompt import REST_PROMPT_LIMIT, checked_prompt


@pytest.mark.parametrize(
    "answer",
    [
        "A red lighthouse at dusk",
        "  A red\nlighthouse\t at  dusk \n",
        '"A red lighthouse at dusk"',
        "\N{LEFT DOUBLE QUOTATION MARK}A red lighthouse at dusk\N{RIGHT DOUBLE QUOTATION MARK}",
        "'A red lighthouse at dusk'",
        "`A red lighthouse at dusk`",
        "```\nA red lighthouse at dusk\n```",
        "```text\nA red lighthouse at dusk\n```",
        "Prompt: A red lighthouse at dusk",
        "**Enhanced prompt:** A red lighthouse at dusk",
        'Here is the rewritten prompt: "A red lighthouse at dusk"',
        "<think>They want a lighthouse.\nRed.</think>\n\nA red lighthouse at dusk",
        "A red\u200b lighthouse at \u202edusk",
    ],
)
def test_one_clean_line_is_left(answer):
    assert cleaned(answer) == "A red lighthouse at dusk"


def test_quotes_that_belong_to_the_picture_stay():
    assert cleaned('"OPEN" on a sign that says "24 hours"') == (
        '"OPEN" on a sign that says "24 hours"'
    )
    assert cleaned("A sign that says 'OPEN'") == "A sign that says 'OPEN'"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "  \n ",
        '""',
        "```\n```",
        "Prompt:",
        "<think>still thinking when the tokens ran out",
        "I'm sorry, but I can't help with that.",
        "I cannot create that.",
        "Sorry, no.",
        "As an AI, I do not paint.",
        "a bell \x07 rings",
        "broken \ufffd text",
    ],
)
def test_what_is_no_prompt_is_refused(answer):
    with pytest.raises(EnhancementFailed):
        cleaned(answer)


def test_too_much_is_cut_between_words():
    line = cleaned("lighthouse, " * 5000)
    assert REST_PROMPT_LIMIT - 12 < len(line) <= REST_PROMPT_LIMIT
    assert line.endswith("lighthouse")
    assert len(cleaned("x" * 100_000)) == REST_PROMPT_LIMIT


def test_what_is_left_is_a_prompt_and_stays_one():
    line = cleaned('"Caf\u0065\u0301 at  night"')
    assert line == "Caf\u00e9 at night"
    assert checked_prompt(line) == line == cleaned(line)
