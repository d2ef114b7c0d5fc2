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


OPENAI = {"OPENAI_API_KEY": "k", "EDGE_MODEL": "gpt-image-1"}


def test_openai_needs_a_key_and_a_model():
    settings = load(OPENAI)
    assert (settings.generator_name, settings.default_model) == ("openai", "gpt-image-1")
    assert only_mistake({"OPENAI_API_KEY": "k"}).startswith("EDGE_MODEL: openai needs")
    keyless = only_mistake({"EDGE_GENERATOR": "openai", "EDGE_MODEL": "gpt-image-1"})
    assert "set OPENAI_API_KEY" in keyless


def test_a_model_without_a_row_is_told_where_to_get_one():
    sentence = only_mistake(OPENAI | {"EDGE_MODEL": "sdxl"})
    assert 'the table has no model "sdxl" for openai; known are gpt-image-1' in sentence
    assert '[models."sdxl"]' in sentence
    assert "EDGE_CONFIG" in sentence
    assert "for openai" in only_mistake(OPENAI | {"EDGE_MODEL": "black-forest-labs/flux-schnell"})


def test_any_other_server_works_with_a_row_of_its_own(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[models.sdxl]\ngenerator = "openai"\nversion = "sdxl-1"\nprice = "0"\n'
        'sizes = {"1:1" = [512, 512]}\ninput = {prompt = "prompt", size = "size"}\n'
    )
    settings = load(
        {
            "EDGE_CONFIG": str(file),
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": "http://localai:8080/v1",
            "EDGE_MODEL": "sdxl",
        }
    )
    assert settings.models[settings.default_model].price == 0


def test_a_token_never_travels_in_the_clear():
    sentence = only_mistake({"REPLICATE_BASE_URL": "http://example.com"})
    assert sentence.startswith("REPLICATE_BASE_URL: over plain http")
    load({"REPLICATE_BASE_URL": "http://localhost:5000"})
    load({"REPLICATE_BASE_URL": "https://example.com"})


@pytest.mark.parametrize("host", ["example.com", "8.8.8.8"])
def test_a_key_never_crosses_the_internet_in_the_clear(host):
    sentence = only_mistake({"OPENAI_BASE_URL": f"http://{host}/v1"})
    assert sentence.startswith("OPENAI_BASE_URL: over plain http")
    load({"OPENAI_BASE_URL": f"https://{host}/v1"})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.1.2.3", "localai", "[::1]"])
def test_a_server_of_the_own_network_may_be_plain_http(host):
    load({"OPENAI_BASE_URL": f"http://{host}:8080/v1"})


def enhancer(name, model="", **more):
    return {"EDGE__ENHANCER__NAME": name, "EDGE__ENHANCER__MODEL": model, **more}


def test_an_enhancer_needs_its_credential_and_its_model():
    assert load({}).enhancer.name == "rules"
    assert load(enhancer("off")).enhancer.name == "off"
    painter = {"EDGE_GENERATOR": "painter"}
    load(enhancer("openai", "gpt-4.1-mini", OPENAI_API_KEY="k", **painter))
    load(enhancer("replicate", "meta/llama", REPLICATE_API_TOKEN="t", **painter))
    assert "set OPENAI_API_KEY" in only_mistake(enhancer("openai", "gpt-4.1-mini"))
    assert "set REPLICATE_API_TOKEN" in only_mistake(enhancer("replicate", "meta/llama"))
    nameless = enhancer("openai", OPENAI_API_KEY="k", **painter)
    assert only_mistake(nameless).startswith("EDGE__ENHANCER__MODEL: openai needs")
    ownerless = enhancer("replicate", "llama", REPLICATE_API_TOKEN="t", **painter)
    assert only_mistake(ownerless).startswith("EDGE__ENHANCER__MODEL: replicate needs")
    assert "one of off, rules" in only_mistake(enhancer("magic"))


def test_half_of_a_store_credential_is_refused():
    assert "only one of them" in only_mistake({"AWS_ACCESS_KEY_ID": "id"})


WEBHOOK = {"EDGE__PURGE__WEBHOOK_URL": "https://api.cdn.example/purge"}


def test_a_cdn_wants_its_token():
    assert load(WEBHOOK).purge.webhook_style == "generic"
    for style in ("cloudflare", "fastly", "bunny"):
        told = {**WEBHOOK, "EDGE__PURGE__WEBHOOK_STYLE": style}
        assert "EDGE__PURGE__WEBHOOK_TOKEN" in only_mistake(told)
        load({**told, "EDGE__PURGE__WEBHOOK_TOKEN": "t"})
    load({"EDGE__PURGE__WEBHOOK_STYLE": "fastly"})


def test_a_webhook_in_the_open_is_refused():
    told = {"EDGE__PURGE__WEBHOOK_URL": "http://cdn.example/purge"}
    assert "https" in only_mistake(told)
    for near in ("http://127.0.0.1:6081", "http://varnish:80/", "http://10.0.0.7/"):
        load({"EDGE__PURGE__WEBHOOK_URL": near})
    told = {"EDGE__PURGE__WEBHOOK_URL": "https://me:secret@cdn.example/"}
    assert "secret" not in only_mistake(told)
