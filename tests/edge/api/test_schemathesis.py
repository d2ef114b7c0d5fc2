"""Thousands of made-up requests by the API's own description: no surprise in any answer."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.processes import API_KEY, ServerProcess, fleet

MASTER_KEY = "bnt_" + "6a" * 32
# Rules between fields, and ids that nobody has, make a sound body a bad one: no schema says that.
BEYOND_SCHEMAS = "positive_data_acceptance"
CONFIG = """\
[parameters]
"path.organization" = "main"
"path.project" = "site"
"path.scope" = "page"
[auth.openapi.X-API-Key]
api_key = "{key}"
[auth.openapi.Bearer]
bearer = "{key}"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("described")
    more = {"EDGE_BOOTSTRAP_MASTER_KEY": MASTER_KEY, "EDGE_RATE_LIMIT": "0"}
    with fleet(folder, 1, **more) as (process,):
        yield process


@pytest.mark.parametrize(
    ("chosen", "key"),
    [("--exclude-tag", API_KEY), ("--include-tag", MASTER_KEY)],
    ids=["projects", "administrators"],
)
def test_no_request_gets_an_answer_that_is_not_described(
    server: ServerProcess, tmp_path: Path, chosen: str, key: str
) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG.format(key=key))
    command = [str(Path(sys.executable).with_name("schemathesis")), "--no-color", "run"]
    command += [f"{server.base_url}/openapi.json", chosen, "Keys"]
    command += ["--exclude-checks", BEYOND_SCHEMAS, "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", "8", "--generation-deterministic", "--no-shrink"]
    command += ["--continue-on-failure", "--request-timeout", "30"]
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert " passed" in run.stdout.rpartition("Test cases:")[2]
