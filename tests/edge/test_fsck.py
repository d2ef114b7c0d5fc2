"""`python -m edge fsck`, over what a real application left in its data folder."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
import structlog
from typer.testing import CliRunner, Result

from edge.cli import command_line
from tests.edge.api.library_app import png
from tests.edge.api.serving import served
from tests.servers.process import free_port

Fsck = Callable[..., Result]


@pytest.fixture
def fsck(tmp_path: Path) -> Iterator[Fsck]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level

    def run(*arguments: str, **environment: str) -> Result:
        env = {"EDGE_DATA_DIR": str(tmp_path), **environment}
        return CliRunner().invoke(command_line(), ["fsck", *arguments], env=env)

    yield run
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """The stored files after an upload, a live picture, a generation and one more of each."""

    async def use() -> None:
        async with served(tmp_path) as running:
            for number in range(2):
                live = await running.client.get("/api/v1/live", params={"prompt": f"one {number}"})
                wish = {"prompt": f"two {number}"}
                made = await running.client.post("/api/v1/generations", json=wish)
                file = {"file": ("a.png", png(("red", "blue")[number]))}
                sent = await running.client.post("/api/v1/images/upload", files=file)
                statuses = [answer.status_code for answer in (live, made, sent)]
                assert statuses == [200, 201, 201], made.text

    anyio.run(use)
    return sorted(path for path in tmp_path.glob("pictures/??/??/*") if path.is_file())


def test_an_empty_installation_is_clean(fsck: Fsck) -> None:
    result = fsck()
    assert (result.exit_code, result.stdout) == (0, "0 pictures compared, none wrong.\n")
    assert result.stderr == ""


def test_after_ordinary_use_everything_is_sound(fsck: Fsck, pictures: list[Path]) -> None:
    result = fsck("--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "ok": True,
        "sound": len(pictures),
        "deleted": 0,
        "waiting": 0,
        "arrived": 0,
        "unrecorded": 0,
        "problems": [],
    }
    assert fsck("--fix").stdout == f"{len(pictures)} pictures compared, none wrong.\n"


def test_what_is_wrong_is_said_and_fails(fsck: Fsck, pictures: list[Path]) -> None:
    missing, corrupt, foreign = pictures[:3]
    missing.unlink()
    corrupt.write_bytes(corrupt.read_bytes()[:-1])
    foreign.write_bytes(pictures[3].read_bytes())
    result = fsck()
    assert result.exit_code == 1
    for path, meaning in ((missing, "not in"), (corrupt, "damaged"), (foreign, "its place")):
        (line,) = [line for line in result.stdout.splitlines() if path.name in line]
        assert meaning in line
    assert "6 pictures compared, 3 wrong." in result.stdout
    assert "--fix notes" in result.stdout
    told = json.loads(fsck("--json").stdout)
    assert told["ok"] is False
    found = {problem["slot"]: problem["damage"] for problem in told["problems"]}
    assert found == {missing.name: "missing", corrupt.name: "corrupt", foreign.name: "foreign"}


def test_fixing_notes_what_is_gone_and_deletes_nothing(fsck: Fsck, pictures: list[Path]) -> None:
    kept = pictures[0].read_bytes()
    pictures[0].unlink()
    before = {path: path.read_bytes() for path in pictures[1:]}
    fixed = fsck("--fix")
    assert fixed.exit_code == 1
    assert "its record says so now" in fixed.stdout
    again = fsck()
    assert again.exit_code == 0
    assert "1 are not stored, as their records say." in again.stdout
    assert {path: path.read_bytes() for path in pictures[1:]} == before
    pictures[0].write_bytes(kept)
    assert "--fix tells their records" in fsck().stdout
    assert "their records say so now" in fsck("--fix").stdout
    assert fsck().stdout == f"{len(pictures)} pictures compared, none wrong.\n"


def test_pictures_whose_records_are_lost_are_counted(
    fsck: Fsck, tmp_path: Path, pictures: list[Path]
) -> None:
    for path in tmp_path.glob("records.sqlite3*"):
        path.unlink()
    result = fsck()
    assert result.exit_code == 0
    assert f"{len(pictures)} stored pictures are on no record" in result.stdout


def test_a_bucket_that_does_not_answer_is_one_sentence(fsck: Fsck, pictures: list[Path]) -> None:
    nowhere = {
        "S3_BUCKET": "pictures",
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{free_port()}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }
    result = fsck("--fix", **nowhere)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Stopped: the bucket gave no answer")
    assert len(result.stderr.splitlines()) == 1
    assert fsck().stdout == f"{len(pictures)} pictures compared, none wrong.\n"
