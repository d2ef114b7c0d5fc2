"""`scopes` on the command line: the same rules as the API's, told in sentences."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import structlog
from click.testing import Result
from typer.testing import CliRunner

from config.loading import load
from edge.cli import command_line
from edge.operations.first_start import first_start

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """The command line after the first start; logging is afterwards as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    environment = {"EDGE_DATA_DIR": str(tmp_path / "data")}
    anyio.run(first_start, load(environment))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(command_line(), ["scopes", *arguments], env=environment)

    yield invoke
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_scope_is_made_shown_changed_and_deleted(run: Run) -> None:
    made = told(
        run(
            *("create", "shop", "--json", "--require-signature", "false", "--limit", "5"),
            *("--budget-amount", "1.00", "--budget-window", "day", "--no-allow"),
            *("--origin", "HTTPS://Shop.example.com/", "--origin", "http://localhost:3000"),
            *("--model", "black-forest-labs/flux-schnell", "--per-address", "3"),
            *("--meta", '{"by": "Ann"}'),
        )
    )
    assert (made["slug"], made["requireSignature"], made["newGenerationsLimit"]) == (
        "shop",
        False,
        5,
    )
    assert (made["budgetAmount"], made["budgetWindow"]) == ("1.00", "day")
    assert made["allowedOrigins"] == ["https://shop.example.com", "http://localhost:3000"]
    assert made["allowedModels"] == ["black-forest-labs/flux-schnell"]
    assert (made["perAddressLimit"], made["meta"]) == (3, {"by": "Ann"})
    assert made["allowNewGenerations"] is False
    assert told(run("show", "shop", "--json")) == made
    changed = told(run("update", "shop", "--json", "--allow", "--limit", "7"))
    changes = {"allowNewGenerations": True, "newGenerationsLimit": 7}
    assert changed == made | changes | {"updatedAt": changed["updatedAt"]}
    assert [one["slug"] for one in told(run("list", "--json"))] == ["shop", "page"]
    assert told(run("delete", "shop", "--json")) == {"id": made["id"]}
    assert [one["slug"] for one in told(run("list", "--json"))] == ["page"]


def test_none_takes_away_what_can_be_absent(run: Run) -> None:
    run(
        *("create", "shop", "--budget-amount", "1", "--budget-window", "hour"),
        *("--origin", "https://a.example", "--per-address", "3"),
        *("--model", "black-forest-labs/flux-schnell"),
    )
    scope = told(
        run(
            *("update", "shop", "--json", "--budget-amount", "none", "--origin", "none"),
            *("--model", "none", "--per-address", "none"),
        )
    )
    assert (scope["budgetAmount"], scope["budgetWindow"]) == (None, None)
    assert (scope["allowedOrigins"], scope["allowedModels"]) == ([], None)
    assert scope["perAddressLimit"] == 10


def test_people_get_lines(run: Run) -> None:
    run("create", "shop", "--limit", "5")
    shop, page = run("list").stdout.splitlines()
    assert shop.split() == ["shop", "open", "signature", "auto", "0/5", "pictures"]
    assert page.startswith("page ")
    shown = dict(line.split(maxsplit=1) for line in run("show", "shop").stdout.splitlines())
    assert (shown["slug"], shown["budgetAmount"]) == ("shop", "null")
    assert run("delete", "shop").stdout == "Deleted shop.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["create", "Shop!"], 2, "slug: Use 1 to 64"),
        (["create", "shop", "--limit", "-1"], 2, "newGenerationsLimit:"),
        (["create", "shop", "--budget-amount", "1"], 2, "budgetWindow: A budget is"),
        (["create", "shop", "--require-signature", "maybe"], 2, "requireSignature: Use true"),
        (["create", "shop", "--origin", "a.example"], 2, "allowedOrigins: Write an origin"),
        (["create", "shop", "--model", "no/such"], 2, "allowedModels: Use some of"),
        (["create", "shop", "--per-address", "many"], 2, "perAddressLimit:"),
        (["create", "shop", "--meta", "{"], 2, "JSON object"),
        (["create", "shop", "--meta", "[]"], 2, "meta: Send a JSON object"),
        (["create", "page"], 1, "has a scope of that slug"),
        (["show", "nothing"], 2, "no such scope in main/site"),
        (["update", "nothing", "--limit", "1"], 2, "no such scope"),
        (["delete", "nothing"], 2, "no such scope"),
        (["list", "--project", "main/nothing"], 2, "no such project"),
        (["list", "--project", "main"], 2, "main/site"),
    ],
)
def test_a_wrong_argument_is_told_with_its_remedy(
    run: Run, arguments: list[str], code: int, said: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""
