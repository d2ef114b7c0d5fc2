"""The check tells of every part how it is, and how to mend it."""

import json
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.loading import load
from core.records.records import open_records
from edge.operations.check import examine
from edge.operations.data_folder import ensure_signing_keys, make_data_folder
from tests.servers.process import free_port


async def examined(folder, **environment):
    settings = load({"EDGE_DATA_DIR": str(folder), **environment})
    found = {}
    for finding in await examine(settings):
        found.setdefault(finding.part, finding)
    return found


async def test_nothing_configured_is_fine_and_nothing_is_made(tmp_path):
    folder = tmp_path / "data"
    found = await examined(folder)
    assert {finding.state for finding in found.values()} == {"ok"}
    assert list(found) == [
        "data",
        "database",
        "redis",
        "store",
        "generator",
        "enhancer",
        "spending",
        "signing",
        "address",
    ]
    assert "will be made" in found["data"].message
    assert "next start applies 0001" in found["database"].message
    assert not folder.exists()


async def test_a_prepared_installation_is_up_to_date(tmp_path):
    async with open_records(None, tmp_path):
        pass
    found = await examined(tmp_path)
    assert "up to date" in found["database"].message


async def test_a_data_folder_that_is_a_file_fails(tmp_path):
    file = tmp_path / "data"
    file.touch()
    found = await examined(file)
    assert found["data"].state == "fail"
    assert "EDGE_DATA_DIR" in found["data"].message


async def test_secrets_that_others_can_read_are_a_warning(tmp_path):
    ensure_signing_keys(load({"EDGE_DATA_DIR": str(tmp_path)}))
    (tmp_path / "signing-keys").chmod(0o644)
    found = await examined(tmp_path)
    assert found["data"].state == "warn"
    assert "chmod 600" in found["data"].message


async def test_a_newer_schema_fails(tmp_path):
    async with open_records(None, tmp_path):
        pass
    with sqlite3.connect(tmp_path / "records.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    found = await examined(tmp_path)
    assert found["database"].state == "fail"
    assert "newer version" in found["database"].message


async def test_postgresql_answers(tmp_path, postgres_url):
    found = await examined(tmp_path, DATABASE_URL=postgres_url)
    assert found["database"].state == "ok"
    assert found["database"].message.startswith("PostgreSQL")
    assert found["signing"].state == "warn"
    assert "EDGE_SIGNING_KEYS" in found["signing"].message


async def test_a_database_that_is_away_fails_without_its_password(tmp_path):
    address = f"postgresql://mirage:canary@127.0.0.1:{free_port()}/mirage"
    found = await examined(tmp_path, DATABASE_URL=address)
    assert found["database"].state == "fail"
    assert "DATABASE_URL" in found["database"].message
    assert "canary" not in found["database"].message


async def test_redis_answers(tmp_path, valkey):
    found = await examined(tmp_path, REDIS_URL=valkey.url)
    assert found["redis"].state == "ok"
    assert found["signing"].state == "warn"
    given = await examined(tmp_path, REDIS_URL=valkey.url, EDGE_SIGNING_KEYS=f"a:{'ab' * 16}")
    assert given["signing"].state == "ok"


async def test_a_redis_that_evicts_anything_is_a_warning(tmp_path, private_valkey):
    from redis.asyncio import Redis

    async with Redis.from_url(private_valkey.url) as client:
        await client.config_set("maxmemory-policy", "allkeys-lru")
    found = await examined(tmp_path, REDIS_URL=private_valkey.url)
    assert found["redis"].state == "warn"
    assert "maxmemory-policy" in found["redis"].message


async def test_a_redis_that_is_away_fails_without_its_password(tmp_path):
    address = f"redis://:canary@127.0.0.1:{free_port()}"
    found = await examined(tmp_path, REDIS_URL=address)
    assert found["redis"].state == "fail"
    assert "REDIS_URL" in found["redis"].message
    assert "canary" not in found["redis"].message


def bucket(s3, name, secret=None):
    return {
        "S3_BUCKET": name,
        "S3_ENDPOINT_URL": s3.endpoint_url,
        "AWS_ACCESS_KEY_ID": s3.access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret or s3.secret_access_key,
    }


async def test_a_bucket_is_tried_in_earnest(tmp_path, s3):
    good = await examined(tmp_path, **bucket(s3, s3.new_bucket()))
    assert good["store"].state == "ok"
    absent = await examined(tmp_path, **bucket(s3, "nobody-made-this"))
    assert absent["store"].state == "fail"
    assert "S3_BUCKET" in absent["store"].message
    refused = await examined(tmp_path, **bucket(s3, s3.new_bucket(), secret="wrong"))
    assert refused["store"].state == "fail"
    assert "AWS_SECRET_ACCESS_KEY" in refused["store"].message


class Account(BaseHTTPRequestHandler):
    """Replicate's account endpoint: it knows one token."""

    def do_GET(self):
        known = self.headers["Authorization"] == "Bearer good"
        body = json.dumps({"username": "somebody"} if known else {"detail": "no"}).encode()
        self.send_response(200 if known and self.path == "/v1/account" else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def account_url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Account) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_a_token_is_tried_free_of_charge(tmp_path, account_url):
    good = await examined(tmp_path, REPLICATE_API_TOKEN="good", REPLICATE_BASE_URL=account_url)
    assert good["generator"].state == "ok"
    assert "account somebody" in good["generator"].message
    bad = await examined(tmp_path, REPLICATE_API_TOKEN="canary", REPLICATE_BASE_URL=account_url)
    assert bad["generator"].state == "fail"
    assert "REPLICATE_API_TOKEN" in bad["generator"].message
    assert "canary" not in bad["generator"].message


async def test_a_provider_that_is_away_fails(tmp_path):
    address = f"http://127.0.0.1:{free_port()}"
    found = await examined(tmp_path, REPLICATE_API_TOKEN="good", REPLICATE_BASE_URL=address)
    assert found["generator"].state == "fail"
    assert "REPLICATE_BASE_URL" in found["generator"].message


def openai(standin, key="good", model="gpt-image-1"):
    return {
        "OPENAI_API_KEY": key,
        "OPENAI_BASE_URL": standin.base_url,
        "EDGE_MODEL": model,
    }


async def test_a_key_is_tried_free_of_charge(tmp_path, openai_standin):
    good = await examined(tmp_path, **openai(openai_standin))
    assert good["generator"].state == "ok"
    assert "model gpt-image-1" in good["generator"].message
    await openai_standin.script({"on": "list", "do": "names", "names": ["other"]})
    unlisted = await examined(tmp_path, **openai(openai_standin))
    assert unlisted["generator"].state == "warn"
    assert "EDGE_MODEL" in unlisted["generator"].message
    bad = await examined(tmp_path, **openai(openai_standin, key="refused"))
    assert bad["generator"].state == "fail"
    assert "OPENAI_API_KEY" in bad["generator"].message
    assert await openai_standin.created() == 0


async def test_a_server_without_a_list_of_models_is_still_a_server(tmp_path, openai_standin):
    await openai_standin.script({"on": "list", "do": "404"}, {"on": "list", "do": "html"})
    listless = await examined(tmp_path, **openai(openai_standin))
    assert listless["generator"].state == "warn"
    garbage = await examined(tmp_path, **openai(openai_standin))
    assert garbage["generator"].state == "fail"
    assert "OPENAI_BASE_URL" in garbage["generator"].message


async def test_the_language_model_is_looked_for_too(tmp_path, openai_standin, account_url):
    chosen = {"EDGE_GENERATOR": "painter", "EDGE__ENHANCER__MODEL": "gpt-test"}
    there = await examined(
        tmp_path, **(openai(openai_standin) | chosen | {"EDGE__ENHANCER__NAME": "openai"})
    )
    assert (there["generator"].state, there["enhancer"].state) == ("ok", "ok")
    assert "gpt-test" in there["enhancer"].message
    replicate = {
        "EDGE_GENERATOR": "painter",
        "EDGE__ENHANCER__NAME": "replicate",
        "EDGE__ENHANCER__MODEL": "meta/llama",
        "REPLICATE_BASE_URL": account_url,
    }
    known = await examined(tmp_path, REPLICATE_API_TOKEN="good", **replicate)
    assert known["enhancer"].state == "ok"
    unknown = await examined(tmp_path, REPLICATE_API_TOKEN="bad", **replicate)
    assert unknown["enhancer"].state == "fail"
    off = await examined(tmp_path, EDGE__ENHANCER__NAME="off")
    assert off["enhancer"].message.startswith("Off")


@pytest.mark.parametrize(
    ("environment", "part", "state", "named"),
    [
        ({"EDGE_SPENDING": "off"}, "spending", "warn", "EDGE_SPENDING"),
        ({"EDGE_DAILY_BUDGET": "none"}, "spending", "warn", "EDGE_DAILY_BUDGET"),
        ({"EDGE_PUBLIC_URL": "http://example.com"}, "address", "warn", "https"),
        ({"EDGE_PUBLIC_URL": "https://example.com"}, "address", "warn", "EDGE_TRUSTED_PROXIES"),
        (
            {"EDGE_PUBLIC_URL": "https://example.com", "EDGE_TRUSTED_PROXIES": "10.0.0.1"},
            "address",
            "ok",
            "https://example.com",
        ),
    ],
)
async def test_choices_with_consequences_are_told(tmp_path, environment, part, state, named):
    make_data_folder(tmp_path)
    found = await examined(tmp_path, **environment)
    assert found[part].state == state
    assert named in found[part].message
