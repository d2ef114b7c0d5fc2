"""Enhancement adds what a template knows and a prompt left open."""

import pytest

from core.rendering.rule_enhancer import TEMPLATES, enhance


def test_the_seven_templates_are_there():
    assert set(TEMPLATES) == {
        "general",
        "photorealistic",
        "illustration",
        "minimalist",
        "sticker",
        "product",
        "comic",
    }


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_callers_words_come_first_and_unchanged(template):
    prompt = "Полярная сова @hero, 10² штук"
    enhanced = enhance(prompt, template)
    assert enhanced.startswith(f"{prompt}, ")
    assert enhance(prompt, template) == enhanced


def test_each_template_says_something_else():
    assert len({enhance("a fox", template) for template in TEMPLATES}) == len(TEMPLATES)


def test_what_the_prompt_already_says_is_not_said_again():
    assert "natural light" in enhance("a fox", "general")
    assert "natural light" not in enhance("a fox at Night", "general")
    assert enhance("фото лисы", "product").count("photograph") == 0


def test_a_full_stop_does_not_end_in_the_middle():
    assert enhance("a fox. ", "general").startswith("a fox, one clear subject")


def test_an_unknown_template_is_a_mistake():
    with pytest.raises(KeyError):
        enhance("a fox", "vaporwave")
