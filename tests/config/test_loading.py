"""Settings: where they come from, what they may look like, and how mistakes are told."""

import hashlib
from ipaddress import ip_network
from pathlib import Path

import pytest

from config.credentials import own_key
from config.formats import RateLimit
from config.loading import load
from config.mistakes import SettingsError
from config.variables import SECRETS, WELL_KNOWN

KEY = "bnt_" + "1a2b3c4d" * 8
CANARY = "canary-which-must-stay-hidden"


def mistakes(environment):
    with pytest.raises(SettingsError) as raised:
        load(environment)
    return list(raised.value.mistakes)


def only_mistake(environment):
    found = mistakes(environment)
    assert len(found) == 1, found
    return found[0]


def test_an_empty_environment_is_a_working_installation():
    settings = load({})
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 3000)
    assert settings.server.processes == 1
    assert settings.data.folder == Path("data")
    assert settings.generator_name == "painter"
    assert settings.default_model == "black-forest-labs/flux-schnell"
    assert settings.spending.enabled
    assert settings.spending.daily_budget == 10_000_000
    assert settings.rate_limit.per_key == RateLimit(100, 3600)
    assert settings.live.wait == 55
    assert settings.cache.memory_bytes == 256 * 2**20
    assert settings.cache.lease_ttl == 15
    assert settings.generator.deadline == 300
    assert settings.generator.max_generations == 8
    assert settings.generator.max_queue == 1000
    assert settings.uploads.max_bytes == 5_000_000
    assert settings.store.max_bytes is None
    assert settings.redis.url is None
    assert settings.log.format is None


def test_each_layer_covers_the_one_below(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("[server]\nport = 1001\nhost = '0.0.0.0'\nkeep_alive = 80\n[live]\nwait = 20\n")
    settings = load(
        {
            "EDGE_CONFIG": str(file),
            "EDGE__SERVER__PORT": "1002",
            "EDGE__LIVE__WAIT": "30",
            "PORT": "1003",
        }
    )
    assert settings.server.port == 1003
    assert settings.live.wait == 30
    assert settings.server.host == "0.0.0.0"
    assert settings.server.keep_alive == 80


def test_settings_cannot_be_changed_afterwards():
    settings = load({})
    with pytest.raises(ValueError, match="frozen"):
        settings.server.port = 1


SAMPLES = {
    "HOST": ("::1", "::1"),
    "PORT": ("8080", 8080),
    "WEB_CONCURRENCY": ("1", 1),
    "EDGE_PUBLIC_URL": ("https://pictures.example.com/", "https://pictures.example.com"),
    "EDGE_TRUSTED_PROXIES": (
        "10.0.0.0/8, 192.0.2.7",
        (ip_network("10.0.0.0/8"), ip_network("192.0.2.7")),
    ),
    "EDGE_DATA_DIR": ("/srv/mirage", Path("/srv/mirage")),
    "EDGE_BOOTSTRAP_API_KEY": (KEY, KEY),
    "EDGE_BOOTSTRAP_MASTER_KEY": (KEY, KEY),
    "EDGE_SIGNING_KEYS": (f"new:{'ab' * 16},old:{'cd' * 32}", None),
    "REDIS_URL": ("rediss://u:p@cache:6380/1", "rediss://u:p@cache:6380/1"),
    "S3_BUCKET": ("pictures", "pictures"),
    "AWS_ENDPOINT_URL_S3": ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
    "S3_ENDPOINT_URL": ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
    "AWS_ACCESS_KEY_ID": ("id", "id"),
    "AWS_SECRET_ACCESS_KEY": ("secret", "secret"),
    "AWS_SESSION_TOKEN": ("session", "session"),
    "AWS_REGION": ("eu-central-1", "eu-central-1"),
    "EDGE_STORE_MAX_BYTES": ("2GB", 2_000_000_000),
    "DATABASE_URL": ("postgresql://u:p@db/mirage", "postgresql://u:p@db/mirage"),
    "EDGE_GENERATOR": ("painter", "painter"),
    "EDGE_MODEL": ("black-forest-labs/flux-dev", "black-forest-labs/flux-dev"),
    "EDGE_MAX_GENERATIONS": ("3", 3),
    "EDGE_MAX_QUEUE": ("0", 0),
    "EDGE_GENERATION_DEADLINE": ("120", 120),
    "REPLICATE_API_TOKEN": ("token", "token"),
    "REPLICATE_BASE_URL": ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
    "OPENAI_API_KEY": ("key", "key"),
    "OPENAI_BASE_URL": ("http://127.0.0.1:5000/v1", "http://127.0.0.1:5000/v1"),
    "EDGE_SPENDING": ("off", False),
    "EDGE_DAILY_BUDGET": ("0.25", 250_000),
    "EDGE_RATE_LIMIT": ("5/minute", RateLimit(5, 60)),
    "EDGE_MEMORY_CACHE_BYTES": ("0", 0),
    "EDGE_LEASE_TTL": ("2.5", 2.5),
    "EDGE_UPLOAD_MAX_BYTES": ("1MiB", 2**20),
    "LOG_LEVEL": ("DEBUG", "debug"),
    "LOG_FORMAT": ("json", "json"),
    "PROMETHEUS_MULTIPROC_DIR": ("counts", Path("counts")),
}
# What must be set as well for a setting to make sense.
COMPANIONS = {
    "AWS_ACCESS_KEY_ID": {"AWS_SECRET_ACCESS_KEY": "secret"},
    "AWS_SECRET_ACCESS_KEY": {"AWS_ACCESS_KEY_ID": "id"},
    "OPENAI_API_KEY": {"EDGE_GENERATOR": "painter"},
}


def plain(value):
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


@pytest.mark.parametrize("name", WELL_KNOWN)
def test_every_well_known_name_reaches_its_setting(name):
    text, expected = SAMPLES[name]
    place = WELL_KNOWN[name]
    settings = load({name: text} | COMPANIONS.get(name, {}))
    value = getattr(getattr(settings, place.section), place.key)
    if name == "EDGE_SIGNING_KEYS":
        assert [(key.kid, key.secret) for key in value] == [
            ("new", b"\xab" * 16),
            ("old", b"\xcd" * 32),
        ]
    else:
        assert plain(value) == expected


@pytest.mark.parametrize("name", WELL_KNOWN)
def test_an_empty_variable_counts_as_not_set(name):
    assert load({name: ""}) == load({})


@pytest.mark.parametrize("name", [n for n, place in WELL_KNOWN.items() if place in SECRETS])
def test_a_secret_may_come_from_a_file_but_not_twice(name, tmp_path):
    text, _ = SAMPLES[name]
    file = tmp_path / "secret"
    file.write_text(text + "\n")
    companions = COMPANIONS.get(name, {})
    from_file = load({f"{name}_FILE": str(file)} | companions)
    assert from_file == load({name: text} | companions)
    twice = only_mistake({f"{name}_FILE": str(file), name: text} | companions)
    assert twice == f"{name}: set beside {name}_FILE; keep one of them."


def test_a_secret_without_a_well_known_name_may_come_from_a_file_too(tmp_path):
    file = tmp_path / "secret"
    file.write_text("metrics\n")
    token = load({"EDGE__METRICS__TOKEN_FILE": str(file)}).metrics.token
    assert token.get_secret_value() == "metrics"


def test_a_secret_file_that_is_missing_or_empty_is_a_mistake(tmp_path):
    file = tmp_path / "secret"
    assert "cannot be read" in only_mistake({"REDIS_URL_FILE": str(file)})
    file.write_text("\n")
    assert "is empty" in only_mistake({"REDIS_URL_FILE": str(file)})


WRONG = {
    "HOST": "http://host",
    "PORT": "65536",
    "WEB_CONCURRENCY": "0",
    "EDGE_PUBLIC_URL": "https://example.com/path",
    "EDGE_TRUSTED_PROXIES": "10.0.0.0/33",
    "EDGE_BOOTSTRAP_API_KEY": "bnt_1234",
    "EDGE_BOOTSTRAP_MASTER_KEY": "BNT_" + "A" * 64,
    "EDGE_SIGNING_KEYS": "k1:abcd",
    "REDIS_URL": "http://cache",
    "AWS_ENDPOINT_URL_S3": "minio:9000",
    "S3_ENDPOINT_URL": "ftp://minio",
    "EDGE_STORE_MAX_BYTES": "much",
    "DATABASE_URL": "mysql://db",
    "EDGE_GENERATOR": "dalle",
    "EDGE_MODEL": "nobody/nothing",
    "EDGE_MAX_GENERATIONS": "0",
    "EDGE_MAX_QUEUE": "-1",
    "EDGE_GENERATION_DEADLINE": "soon",
    "REPLICATE_BASE_URL": "localhost",
    "OPENAI_BASE_URL": "localhost",
    "EDGE_SPENDING": "maybe",
    "EDGE_DAILY_BUDGET": "-1",
    "EDGE_RATE_LIMIT": "100/fortnight",
    "EDGE_MEMORY_CACHE_BYTES": "-5",
    "EDGE_LEASE_TTL": "60",
    "EDGE_UPLOAD_MAX_BYTES": "5 pictures",
    "LOG_LEVEL": "loud",
    "LOG_FORMAT": "xml",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_told_with_its_variable_and_the_format(name):
    sentence = only_mistake({name: WRONG[name]})
    assert sentence.startswith(f"{name}: ")
    assert sentence.endswith(".")
    assert "expected" in sentence or "known are" in sentence


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "0.0000001", "ten"])
def test_money_is_a_finite_amount_of_micro_dollars(value):
    assert only_mistake({"EDGE_DAILY_BUDGET": value}).startswith("EDGE_DAILY_BUDGET")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_duration_is_finite(value):
    assert only_mistake({"EDGE_GENERATION_DEADLINE": value}).startswith("EDGE_GENERATION_DEADLINE")


def test_none_lifts_the_budget_and_zero_the_rate_limit():
    settings = load({"EDGE_DAILY_BUDGET": "none", "EDGE_RATE_LIMIT": "0"})
    assert settings.spending.daily_budget is None
    assert settings.rate_limit.per_key is None


def test_all_mistakes_are_told_at_once(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("[sever]\nport = 1\n[server]\nprot = 1\n[live]\nshare_keyed = 'perhaps'\n")
    found = mistakes(
        {
            "EDGE_CONFIG": str(file),
            "PORT": "x",
            "EDGE__SERVER__HOSTT": "y",
            "EDGE_LEASE_TTL": "99",
            "EDGE_GENERATOR": "replicate",
        }
    )
    assert len(found) == 7
    text = "\n".join(found)
    assert f"{file}: [sever]: there is no such setting; did you mean server?" in text
    assert f"{file}: server.prot: there is no such setting; did you mean server.port?" in text
    assert f'{file}: live.share_keyed: "perhaps" is wrong; expected on or off.' in text
    assert "EDGE__SERVER__HOSTT: there is no such setting; did you mean EDGE__SERVER__HOST?" in text
    assert "EDGE_GENERATOR: replicate needs a token" in text


def test_a_typing_error_in_a_name_of_ours_is_told():
    sentence = only_mistake({"EDGE_SPENDNIG": "off"})
    assert sentence == "EDGE_SPENDNIG: there is no such setting; did you mean EDGE_SPENDING?"


def test_names_that_a_platform_injects_are_left_alone():
    load({"EDGE_SERVICE_HOST": "10.0.0.1", "EDGE_PORT": "tcp://10.0.0.1:80", "PATH": "/bin"})


def test_a_settings_file_that_cannot_be_read_is_told(tmp_path):
    file = tmp_path / "mine.toml"
    assert "cannot be read" in only_mistake({"EDGE_CONFIG": str(file)})
    file.write_text("[server\n")
    assert "not valid TOML" in only_mistake({"EDGE_CONFIG": str(file)})


def test_two_names_for_one_setting_must_agree():
    agreeing = {"AWS_ENDPOINT_URL_S3": "http://a", "S3_ENDPOINT_URL": "http://a"}
    assert load(agreeing).store.endpoint_url == "http://a"
    sentence = only_mistake(agreeing | {"S3_ENDPOINT_URL": "http://b"})
    assert sentence.startswith("S3_ENDPOINT_URL: set beside AWS_ENDPOINT_URL_S3")


def test_the_published_key_is_refused():
    read = own_key(published=hashlib.sha256(KEY.encode()).hexdigest())
    with pytest.raises(ValueError, match="published"):
        read(KEY)
    assert own_key()(KEY) == KEY


@pytest.mark.parametrize("name", [n for n, place in WELL_KNOWN.items() if place in SECRETS])
def test_no_secret_is_ever_shown(name):
    text, _ = SAMPLES[name]
    settings = load({name: text} | COMPANIONS.get(name, {}))
    place = WELL_KNOWN[name]
    if len(text) > 10:
        assert text not in repr(settings)
    hidden = getattr(getattr(settings, place.section), place.key)
    assert text.rpartition(":")[2] not in repr(hidden)
    wrong = {"REDIS_URL": f"http://{CANARY}", "DATABASE_URL": f"mysql://{CANARY}"}
    try:
        load({name: wrong.get(name, CANARY)})
    except SettingsError as error:
        assert CANARY not in str(error)  # noqa: PT017 - no error is as good
