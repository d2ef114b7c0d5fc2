"""Rules that settings keep together: each broken one is told with its remedy."""

import pytest

from config.loading import load
from config.mistakes import SettingsError


def mistakes(environment):
    with pytest.raises(SettingsError) as raised:
        load(environment)
    return list(raised.value.mistakes)


def only_mistake(environment):
    found = mistakes(environment)
    assert len(found) == 1, found
    return found[0]


def test_more_than_one_process_needs_redis():
    sentence = only_mistake({"WEB_CONCURRENCY": "2"})
    assert "REDIS_URL" in sentence
    assert load({"WEB_CONCURRENCY": "2", "REDIS_URL": "redis://cache"}).server.processes == 2


def test_waiting_must_end_before_the_proxy_gives_up():
    assert load({"EDGE__LIVE__WAIT": "74"}).live.wait == 74
    assert "nginx" in only_mistake({"EDGE__LIVE__WAIT": "75"})
    assert "nginx" in only_mistake({"EDGE__SERVER__PROXY_READ_TIMEOUT": "70"})


def test_deadlines_must_nest():
    load({"EDGE_GENERATION_DEADLINE": "330"})
    assert "FLIGHT_PATIENCE" in only_mistake({"EDGE_GENERATION_DEADLINE": "331"})
    assert "CALL_TIMEOUT" in only_mistake({"EDGE__GENERATOR__CALL_TIMEOUT": "300"})


def test_a_rule_is_silent_while_one_of_its_settings_is_wrong():
    found = mistakes({"WEB_CONCURRENCY": "2", "REDIS_URL": "cache"})
    assert len(found) == 1
    assert found[0].startswith("REDIS_URL")


def test_the_generator_is_the_first_with_a_credential():
    assert load({}).generator_name == "painter"
    assert load({"REPLICATE_API_TOKEN": "t"}).generator_name == "replicate"
    both = {"REPLICATE_API_TOKEN": "t", "OPENAI_API_KEY": "k"}
    assert load(both).generator_name == "replicate"
    assert load(both | {"EDGE_GENERATOR": "painter"}).generator_name == "painter"


def test_replicate_without_a_token_is_refused():
    assert "REPLICATE_API_TOKEN" in only_mistake({"EDGE_GENERATOR": "replicate"})


def test_openai_is_refused_until_it_exists():
    text = "\n".join(mistakes({"OPENAI_API_KEY": "k"}))
    assert "EDGE_MODEL: openai needs" in text
    assert "OPENAI_API_KEY: the openai generator is not part of this version yet" in text


def test_a_token_never_travels_in_the_clear():
    sentence = only_mistake({"REPLICATE_BASE_URL": "http://example.com"})
    assert sentence.startswith("REPLICATE_BASE_URL: over plain http")
    load({"REPLICATE_BASE_URL": "http://localhost:5000"})
    load({"REPLICATE_BASE_URL": "https://example.com"})


def test_half_of_a_store_credential_is_refused():
    assert "only one of them" in only_mistake({"AWS_ACCESS_KEY_ID": "id"})
