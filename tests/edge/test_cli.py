"""The command line, as people and scripts use it."""

import json
import logging
import re

import httpx
import pytest
import structlog
from typer.testing import CliRunner

from core.signing import Signer
from edge.cli import command_line
from edge.operations.data_folder import ensure_signing_keys
from tests.servers.process import free_port
from tests.source_tree import ROOT

REVISIONS = ROOT / "core/records/migrations/versions"
SECRET = re.compile(r"bnt_[0-9a-f]{64}")


@pytest.fixture(autouse=True)
def _logging_as_before():
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def run(tmp_path):
    def invoke(*arguments, **environment):
        env = {"EDGE_DATA_DIR": str(tmp_path / "data"), **environment}
        return CliRunner().invoke(command_line(), list(arguments), env=env)

    return invoke


@pytest.fixture
def prepared(run, tmp_path):
    """The same command line, after the first start."""
    import anyio

    from config.loading import load
    from edge.operations.first_start import first_start

    anyio.run(first_start, load({"EDGE_DATA_DIR": str(tmp_path / "data")}))
    return run


def test_without_arguments_it_explains_itself(run):
    result = run()
    names = "serve check keys scopes sign migrate fsck purge warm openapi"
    for command in names.split():
        assert command in result.output
    assert "Exit status" in result.output


@pytest.mark.parametrize("command", ["serve", "check", "migrate", "fsck", "keys create", "sign"])
def test_every_command_explains_itself(run, command):
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize("command", ["serve", "check", "migrate", "fsck", "keys list"])
def test_wrong_settings_are_all_printed_and_nothing_is_done(run, tmp_path, command):
    result = run(*command.split(), PORT="x", EDGE_SPENDING="perhaps")
    assert result.exit_code == 2
    assert "PORT:" in result.stderr
    assert "EDGE_SPENDING:" in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "data").exists()


def test_wrong_settings_are_told_to_scripts_as_json(run):
    result = run("check", "--json", PORT="x")
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert told["ok"] is False
    assert told["mistakes"][0].startswith("PORT:")


def test_a_check_without_trouble_succeeds(run):
    result = run("check")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    parts = ("data", "database", "redis", "store", "generator", "enhancer", "spending", "signing")
    assert {line.split()[1] for line in lines} == {*parts, "address"}


def test_a_check_with_trouble_fails_and_scripts_can_read_why(run):
    result = run("check", "--json", REDIS_URL=f"redis://127.0.0.1:{free_port()}")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["ok"] is False
    states = {finding["part"]: finding["state"] for finding in told["findings"]}
    assert states["redis"] == "fail"
    assert states["database"] == "ok"


def test_migrate_applies_once(run):
    applied = json.loads(run("migrate", "--json").stdout)["applied"]
    assert applied == [path.stem[1:5] for path in sorted(REVISIONS.glob("r*.py"))]
    assert run("migrate").stdout == "Nothing to do.\n"


def test_a_folder_that_cannot_be_made_is_one_sentence(run, tmp_path):
    (tmp_path / "file").touch()
    result = run("migrate", EDGE_DATA_DIR=str(tmp_path / "file" / "data"))
    assert result.exit_code == 1
    assert "EDGE_DATA_DIR" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_key_is_shown_once_and_listed_without_its_secret(prepared):
    made = prepared("keys", "create", "--name", "shop", "--scope", "live:read", "--json")
    assert made.exit_code == 0
    key = json.loads(made.stdout)
    assert SECRET.fullmatch(key["key"])
    assert key["scopes"] == ["live:read"]
    assert key["expiresAt"] is not None
    assert key["organization"] == "main"
    listed = prepared("keys", "list", "--json")
    assert key["key"] not in listed.stdout
    newest, first = json.loads(listed.stdout)
    assert newest == {name: value for name, value in key.items() if name != "key"}
    assert first["expiresAt"] is None


def test_the_secret_alone_goes_to_standard_output(prepared):
    made = prepared("keys", "create")
    assert SECRET.fullmatch(made.stdout.strip())


def test_a_master_key_never_expires_and_belongs_to_no_project(run):
    key = json.loads(run("keys", "create", "--master", "--json").stdout)
    assert key["type"] == "master"
    assert key["project"] is None
    assert key["expiresAt"] is None
    assert [
        each["id"] for each in json.loads(run("keys", "list", "--master", "--json").stdout)
    ] == [key["id"]]


def test_a_key_is_revoked_by_its_prefix(prepared):
    key = json.loads(prepared("keys", "create", "--json").stdout)
    revoked = json.loads(prepared("keys", "revoke", key["prefix"], "--json").stdout)
    assert revoked["id"] == key["id"]
    assert revoked["revokedAt"] is not None
    again = prepared("keys", "rotate", key["id"])
    assert again.exit_code == 2
    assert "revoked" in again.stderr


def test_rotation_makes_a_successor_with_the_same_rights(prepared):
    scopes = ("--scope", "images", "--days", "7")
    old = json.loads(prepared("keys", "create", *scopes, "--json").stdout)
    new = json.loads(prepared("keys", "rotate", old["id"], "--overlap", "1", "--json").stdout)
    assert new["id"] != old["id"]
    assert new["key"] != old["key"]
    assert new["scopes"] == ["images"]
    after = {key["id"]: key for key in json.loads(prepared("keys", "list", "--json").stdout)}
    assert after[old["id"]]["expiresAt"] < old["expiresAt"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["keys", "create", "--scope", "everything"], "Use one of live:read"),
        (["keys", "create", "--project", "nothing"], "no such project"),
        (["keys", "create", "--model", "no/such"], "Use one of black-forest-labs"),
        (["keys", "revoke", "bnt_000000"], "no such key"),
        (["sign", "--prompt", ""], "prompt"),
        (["sign", "--prompt", "a", "--aspect-ratio", "7:5"], "aspectRatio"),
        (["sign", "--prompt", "a", "--expires-in", "0"], "expiresIn"),
        (["sign", "--prompt", "a", "--scope", "No!"], "[a-z0-9_-]"),
        (["sign", "--prompt", "a", "--scope", "nope"], "--scope nope: There is no such scope"),
        (["sign", "--prompt", "a", "--project", "nope"], "no such scope in main/nope"),
        (["sign", "--prompt", "a", "--parameter", "w"], "NAME=VALUE"),
        (["sign", "--prompt", "a", "--parameter", "w=0"], "w: Use an integer from 1"),
        (["sign", "--prompt", "a", "--parameter", "width=1"], "width: There is no such"),
        (["sign", "--prompt", "a", "--parameter", "model=no/such"], "model: Use one of"),
        (["sign", "--prompt", "a", "--parameter", "prompt=b"], "prompt: Give every"),
        (["sign"], "--prompt"),
    ],
)
def test_a_wrong_argument_is_told_with_its_remedy(prepared, arguments, said):
    result = prepared(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_projects_key_is_not_revoked_as_a_master_key(prepared):
    key = json.loads(prepared("keys", "create", "--json").stdout)
    result = prepared("keys", "revoke", key["id"], "--master")
    assert result.exit_code == 2
    assert "not a master key" in result.stderr


def verified(url, settings, now=0.0):
    address = httpx.URL(url)
    signer = Signer([(key.kid, key.secret) for key in ensure_signing_keys(settings)])
    return signer.verify(address.path, dict(address.params), now)


def test_a_signed_url_verifies_with_the_installations_key(run, tmp_path):
    from config.loading import load

    arguments = ("--prompt", "a  red lighthouse", "--aspect-ratio", "1920x1080")
    url = run("sign", *arguments, "--parameter", "w=640", "--expires-in", "60").stdout.strip()
    address = httpx.URL(url)
    assert url.startswith("http://localhost:3000/cdn/main/site/live/page?")
    assert address.params["prompt"] == "a red lighthouse"
    assert address.params["aspectRatio"] == "16:9"
    assert address.params["w"] == "640"
    settings = load({"EDGE_DATA_DIR": str(tmp_path / "data")})
    assert verified(url, settings, now=int(address.params["exp"]) - 1.0)


def test_a_page_that_exists_is_signed_without_a_word(prepared):
    result = prepared("sign", "--prompt", "x", "--scope", "page")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "/cdn/main/site/live/page?" in result.stdout


@pytest.mark.parametrize("address", [None, "postgresql://127.0.0.1:{port}/none"])
def test_where_the_records_cannot_be_read_a_page_is_signed_with_a_warning(run, tmp_path, address):
    given = {} if address is None else {"DATABASE_URL": address.format(port=free_port())}
    result = run("sign", "--prompt", "x", "--scope", "hero", "--json", **given)
    assert result.exit_code == 0
    assert "nobody knows whether this page exists" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "/live/hero?" in json.loads(result.stdout)["path"]
    # Nothing was made but the key to sign with.
    assert {path.suffix for path in (tmp_path / "data").iterdir()}.isdisjoint({".sqlite3"})


def test_everything_wrong_with_a_url_is_told_before_it_is_signed(run):
    wrong = ("w=0", "fm=gif", "seed=x", "fp-x=2")
    arguments = [part for one in wrong for part in ("--parameter", one)]
    result = run("sign", *arguments, "--expires-in", "0")
    assert result.exit_code == 2
    named = {line.partition(":")[0] for line in result.stderr.splitlines()}
    assert named == {"prompt", "w", "fm", "seed", "fp-x", "fp-y", "expiresIn"}


def test_a_signed_url_may_say_all_that_a_live_url_may(run, tmp_path):
    from config.loading import load

    text = (
        "w=640 h=360 dpr=2 fit=contain q=70 fm=webp fp-x=0.2 fp-y=0.8 seed=7 autoEnhance=true "
        "template=comic wait=5 model=black-forest-labs/flux-dev prompt64=YSByZWQgbGlnaHRob3VzZQ"
    )
    given = dict(one.split("=") for one in text.split())
    arguments = [part for one in text.split() for part in ("--parameter", one)]
    url = run("sign", *arguments).stdout.strip()
    address = httpx.URL(url)
    assert given.items() <= dict(address.params).items()
    settings = load({"EDGE_DATA_DIR": str(tmp_path / "data")})
    assert verified(url, settings, now=int(address.params["exp"]) - 1.0)


def test_a_signed_url_names_the_public_origin(run):
    given = {
        "EDGE_PUBLIC_URL": "https://pictures.example.com",
        "EDGE_SIGNING_KEYS": f"mine:{'ab' * 16}",
    }
    arguments = ("--prompt", "x", "--org", "acme", "--project", "shop", "--scope", "hero")
    told = json.loads(run("sign", *arguments, "--json", **given).stdout)
    assert told["url"] == f"https://pictures.example.com{told['path']}"
    assert told["path"].startswith("/cdn/acme/shop/live/hero?")
    assert "kid=mine" in told["path"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["expiresAt"])
