"""`python -m edge purge`: the same purges from the command line, beside a running server."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.edge.live_server import LiveServer, page, program
from tests.fleet.processes import ROOT, environment
from tests.servers.process import until
from tests.standins.origin import Answer, Asked, Origin

DONE, FAILED, MISUSED = 0, 1, 2


@pytest.fixture
async def cdn() -> AsyncIterator[Origin]:
    async with Origin().listening() as listening:
        listening.always(Answer(body=b"{}"))
        yield listening


async def run(server: LiveServer, *arguments: str, **settings: str) -> tuple[int, str, str]:
    """Exit status, output and errors of the command in the server's own environment."""
    process = server.process
    env = environment(process.data, 0, {**process.settings, **settings})

    def finish() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "edge", "purge", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
        )

    ended = await asyncio.to_thread(finish)
    return ended.returncode, ended.stdout, ended.stderr


async def test_a_running_server_notices(painter: LiveServer, prompt: str) -> None:
    target = program(prompt, aspectRatio="16:9")
    first = painter.make(target)
    chosen = ("--prompt", prompt, "--aspect-ratio", "16:9", "--parameter", "autoEnhance=false")
    code, out, _ = await run(painter, *chosen, "--json")
    assert code == DONE
    told: dict[str, Any] = json.loads(out)
    assert told["purged"]["masters"] == 1
    assert told["receipts"] == []
    assert first.headers["cache-tag"].split(",")[1] in told["tags"]
    name = "x-image-id"
    until(lambda: painter.make(target).headers[name] != first.headers[name], "the new picture")


async def test_a_tombstone_stands_for_the_running_server(painter: LiveServer, prompt: str) -> None:
    code, out, _ = await run(painter, "--prompt", prompt, "--tombstone")
    assert (code, out) == (DONE, "0 pictures and 0 sizes and formats of them are gone.\n")
    assert painter.ask(page(prompt)).status_code == 410


async def test_the_cdn_is_told_without_a_server_when_a_running_one_has_forgotten(
    painter: LiveServer, prompt: str, cdn: Origin
) -> None:
    """Without Redis that one looks every other second: a CDN that asked it before would get the
    old picture once more, and keep it."""
    name, target, seen = "x-image-id", program(prompt), []
    first = painter.make(target)

    def ask_again(_: Asked) -> Answer:
        seen.append(painter.make(target).headers[name])
        return Answer(body=b"{}")

    cdn.script = ask_again
    url = f"http://127.0.0.1:{cdn.port}/"
    chosen = ("--prompt", prompt, "--parameter", "autoEnhance=false")
    code, out, _ = await run(painter, *chosen, EDGE__PURGE__WEBHOOK_URL=url)
    assert code == DONE
    assert out.startswith("1 pictures and 0 sizes")
    assert out.endswith("The CDN has been told.\n")
    assert len(seen) == 1
    assert seen[0] != first.headers[name]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), MISUSED, "exactly one of imageId, alias"),
        (("--tag", "a b", "--scope", "A B"), MISUSED, "scope: "),
        (("--prompt", "a", "--project"), MISUSED, "not more"),
        (("--tag", "live", "--aspect-ratio", "16:9"), MISUSED, "with a prompt only"),
        (("--prompt", "a", "--parameter", "seed"), MISUSED, "NAME=VALUE"),
        (("--tag", "live", "--of", "main/nobody"), MISUSED, "no such project"),
        (("--image-id", "01990000-0000-7000-8000-000000000000"), FAILED, "nothing here"),
    ],
)
async def test_what_cannot_be_done_is_explained(
    painter: LiveServer, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended, out, errors = await run(painter, *arguments)
    assert (ended, out) == (code, "")
    assert words in errors
    assert "Traceback" not in errors
