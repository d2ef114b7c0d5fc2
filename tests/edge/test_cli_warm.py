"""`python -m edge warm` against running servers, as people and scripts use it."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from edge.cli import command_line
from tests.edge.live_server import LiveServer, live_server, page, paid_settings, program, signed
from tests.fleet.processes import API_KEY
from tests.servers.process import free_port
from tests.standins.replicate import ReplicateStandin

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def invoke(*arguments: str, stdin: str | None = None, **environment: str) -> Result:
        env = {"EDGE_DATA_DIR": str(tmp_path / "none"), "EDGE_API_KEY": API_KEY, **environment}
        return CliRunner().invoke(command_line(), ["warm", *arguments], env=env, input=stdin)

    return invoke


@pytest.fixture
def limited(tmp_path: Path, replicate_process: ReplicateStandin) -> Iterator[LiveServer]:
    settings = paid_settings(replicate_process) | {"EDGE_RATE_LIMIT": "2/hour"}
    with live_server(tmp_path / "limited", **settings) as server:
        yield server


def told(result: Result, code: int = 0) -> dict[str, Any]:
    assert result.exit_code == code, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_a_page_is_warmed_once_and_then_it_is_all_there(
    run: Run, painter: LiveServer, prompt: str, tmp_path: Path
) -> None:
    urls = [page(f"{prompt} {number}") for number in range(25)]
    html = tmp_path / "page.html"
    html.write_text("<!doctype html>" + "".join(f'<img src="{url}">' for url in urls))
    server = ("--server", painter.process.base_url)
    first = run(str(html), *server)
    assert first.exit_code == 0, first.output
    assert first.stdout == "25 addresses: 25 generated. 0.00 dollars.\n"
    assert run(str(html), *server).stdout == "25 addresses: 25 hit. 0.00 dollars.\n"
    for url in urls:
        assert painter.ask(url).headers["x-cache-status"] == "HIT"


async def test_a_dry_run_names_the_price(
    run: Run, paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    urls = [program(prompt), page(prompt), signed(f"{prompt} again")]
    server = ("--server", paid.process.base_url, "--dry-run")
    answer = told(run(*urls, "http://elsewhere.test/logo.png", *server, "--json"))
    states = [item["state"] for item in answer["items"]]
    assert states == ["planned", "planned", "planned", "skipped"]
    assert answer["total"]["cost"] == {"amount": "0.006", "currency": "USD"}
    assert "0.006 dollars" in run(*urls, *server).stdout
    assert await replicate_standin.created() == 0


async def test_a_budget_holds_over_all_calls_and_the_next_run_goes_on(
    run: Run, paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    lines = "# all of them\n\n" + "\n".join(program(f"{prompt} {number}") for number in range(23))
    server = ("--server", paid.process.base_url)
    first = run("-", *server, "--budget", "0.065", stdin=lines)
    assert first.exit_code == 1
    assert first.stdout.endswith("23 addresses: 21 generated, 2 over budget. 0.063 dollars.\n")
    assert await replicate_standin.created() == 21
    second = told(run("-", *server, "--budget", "1", "--json", stdin=lines))
    assert second["total"] == {
        "items": 23,
        "states": {"hit": 21, "generated": 2},
        "cost": {"amount": "0.006", "currency": "USD"},
    }
    assert await replicate_standin.created() == 23


async def test_a_key_whose_rate_is_used_up_is_not_asked_on(
    run: Run, limited: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    lines = "\n".join(program(f"{prompt} {number}") for number in range(22))
    server = ("--server", limited.process.base_url)
    answer = told(run("-", *server, "--json", stdin=lines), 1)
    assert answer["total"]["states"] == {"generated": 2, "refused": 18, "pending": 2}
    assert {item["code"] for item in answer["items"] if item["state"] == "refused"} == {
        "RATE_LIMIT_EXCEEDED"
    }
    assert await replicate_standin.created() == 2


def test_a_sitemap_is_known_by_its_beginning(
    run: Run, painter: LiveServer, prompt: str, tmp_path: Path
) -> None:
    sitemap = tmp_path / "sitemap.xml"
    url = f"{painter.process.base_url}{page(prompt)}".replace("&", "&amp;")
    sitemap.write_text(f"\ufeff<?xml version='1.0'?><urlset><url><loc>{url}</loc></url></urlset>")
    answer = told(run(str(sitemap), "--server", painter.process.base_url, "--json"))
    assert [item["state"] for item in answer["items"]] == ["generated"]


def test_the_key_comes_from_a_file_or_the_data_folder(
    run: Run, painter: LiveServer, prompt: str, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text(f"{painter.keys.maker}\n")
    server = ("--server", painter.process.base_url)
    assert run(page(prompt), *server, "--key-file", str(key), EDGE_API_KEY="").exit_code == 0
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "api-key").write_text(f"{painter.keys.reader}\n")
    refused = run(page(prompt), *server, EDGE_DATA_DIR=str(folder), EDGE_API_KEY="")
    assert refused.exit_code == 1
    assert refused.stderr == "These credentials do not allow this.\n"


def test_without_pictures_there_is_nothing_to_do(run: Run, painter: LiveServer) -> None:
    result = run("-", "--server", painter.process.base_url, stdin="<p>none</p>")
    assert (result.exit_code, result.stdout) == (0, "0 addresses: no pictures. 0.00 dollars.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("/api/v1/live?prompt=a", "--server", "nowhere"), 1, "cannot be reached"),
        (("/api/v1/live?prompt=a", "--server", "http://[::1"), 1, "may hold that"),
        (("nothing.html",), 2, "nothing.html: There is no such file"),
        (("/nonexistent",), 2, "/nonexistent: There is no such file, and this is no live URL"),
        (("/cdn/main/site/img/@hero",), 2, "@hero: There is no such file"),
        (("/api/v1/live/explain?prompt=a",), 2, "no live URL"),
        (("/api/v1/live?prompt=a", "--budget", "much"), 2, "--budget: Use an amount"),
        (("/api/v1/live?prompt=a", "--key-file", "/nowhere/at/all"), 1, "No such file"),
        ((), 2, "source"),
    ],
)
def test_a_mistake_is_one_sentence(
    run: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_server_that_is_not_there_is_one_sentence(run: Run) -> None:
    result = run("/api/v1/live?prompt=a", "--server", f"http://127.0.0.1:{free_port()}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Is it running?" in result.stderr


def test_a_wrong_format_is_told_in_the_servers_words(run: Run, painter: LiveServer) -> None:
    server = ("--server", painter.process.base_url)
    result = run("/api/v1/live?prompt=a", *server, "--format", "gif")
    assert result.exit_code == 1
    assert "formats.0" in result.stderr


def test_without_any_key_it_says_where_one_is_looked_for(run: Run) -> None:
    result = run("/api/v1/live?prompt=a", EDGE_API_KEY="")
    assert result.exit_code == 2
    assert "EDGE_API_KEY" in result.stderr
