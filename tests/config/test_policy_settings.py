"""The denied words: as lists of a file, or as the text of a variable."""

import pytest

from config.loading import load
from config.mistakes import SettingsError


def test_nothing_is_denied_and_nobody_asked_unless_it_is_set():
    policy = load({}).policy
    assert (policy.deny, policy.projects, policy.url) == ((), {}, None)


def test_words_come_as_lists_of_a_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        "[policy]\n"
        'deny = ["casino", "night club, cheap"]\n'
        'projects = { "main/site" = ["lighthouse"], "main/blog" = [] }\n'
        'url = "http://127.0.0.1:9000/policy"\n'
        "timeout = 2\n"
    )
    policy = load({"EDGE_CONFIG": str(file)}).policy
    assert policy.deny == ("casino", "night club, cheap")
    assert policy.projects == {"main/site": ("lighthouse",), "main/blog": ()}
    assert (policy.url, policy.timeout) == ("http://127.0.0.1:9000/policy", 2)


def test_words_come_as_the_text_of_variables():
    policy = load(
        {
            "EDGE__POLICY__DENY": "casino, night club,",
            "EDGE__POLICY__PROJECTS": '{"main/site": ["lighthouse, old"], "main/blog": "sea,sky"}',
        }
    ).policy
    assert policy.deny == ("casino", "night club")
    assert policy.projects == {"main/site": ("lighthouse, old",), "main/blog": ("sea", "sky")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EDGE__POLICY__DENY", "casino, !"),
        ("EDGE__POLICY__PROJECTS", "main/site"),
        ("EDGE__POLICY__PROJECTS", '["main/site"]'),
        ("EDGE__POLICY__PROJECTS", '{"site": ["casino"]}'),
        ("EDGE__POLICY__PROJECTS", '{"main/Site": ["casino"]}'),
        ("EDGE__POLICY__PROJECTS", '{"main/site": ["?"]}'),
        ("EDGE__POLICY__URL", "policy.example"),
        ("EDGE__POLICY__TIMEOUT", "0"),
    ],
)
def test_what_is_no_list_of_words_stops_the_start(name, value):
    with pytest.raises(SettingsError) as raised:
        load({name: value})
    (sentence,) = raised.value.mistakes
    assert sentence.startswith(f"{name}: ")
    assert "expected" in sentence
