"""The shipped file as an operator uses it: without root, by the documented commands."""

import asyncio
import os
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.nginx.front import BODY, LIVE, public
from tests.servers.nginx import SHIPPED, StartNginx, nginx_binary, shipped_conf
from tests.servers.process import answers, free_port, until
from tests.standins.origin import Answer, Origin, refusal

pytestmark = pytest.mark.needs_apt

PURGING = SHIPPED.parent / "docs" / "purging.md"
NOBODY = "nobody" if os.geteuid() == 0 else None


async def test_it_needs_no_root(origin: Origin, start_nginx: StartNginx) -> None:
    nginx = start_nginx(origin.port, user=NOBODY)
    origin.always(public())
    async with httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client:
        for _ in range(2):
            assert (await client.get(LIVE)).content == BODY
        upload = await client.post("/api/v1/images/upload", content=b"x" * 3_000_000)
    assert upload.status_code == 200
    assert len(origin.asked) == 2
    owners = {path.stat().st_uid for path in nginx.run.rglob("*")} - {0}
    assert len(owners) <= 1
    assert "[emerg]" not in nginx.logs


def test_the_documented_commands_start_and_stop_it(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "nginx.conf").write_text(shipped_conf(port, 1))
    start, stop = _documented(SHIPPED.read_text())
    _shell(start, tmp_path)
    try:
        until(lambda: answers(port), "nginx")
        pid = int((tmp_path / "run" / "nginx.pid").read_text())
    finally:
        _shell(stop, tmp_path)
    until(lambda: not Path(f"/proc/{pid}").exists(), "the end of nginx")


async def test_a_graceful_stop_lets_running_requests_finish(
    origin: Origin, start_nginx: StartNginx
) -> None:
    made = asyncio.Event()
    origin.always(Answer(gate=made, headers=public().headers, body=BODY))
    nginx = start_nginx(origin.port)
    async with httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client:
        waiting = asyncio.create_task(client.get(LIVE))
        await origin.until(1)
        nginx.process.send_signal(3)  # SIGQUIT, what "-s quit" sends
        until(lambda: not answers(nginx.port), "the closing of the port")
        made.set()
        assert (await waiting).content == BODY


async def test_the_documented_commands_take_pictures_down(
    origin: Origin, start_nginx: StartNginx
) -> None:
    taken_down, other_size, kept = f"{LIVE}&seed=1", f"{LIVE}&seed=1&w=640", LIVE
    tags = {kept.encode(): "live,k-fedcba9876543210"}
    gone = "live,k-0123456789abcdef,p-main-site"
    origin.script = lambda asked: public(Cache_Tag=tags.get(asked.target, gone))
    nginx = start_nginx(origin.port)
    documented = PURGING.read_text().splitlines()
    one = next(line for line in documented if line.startswith("grep "))
    everything = next(line for line in documented if line.startswith("rm -rf run/cache"))
    async with httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client:
        for target in (taken_down, other_size, kept):
            await client.get(target)
        _shell(one, nginx.directory)
        origin.always(refusal(404, "IMAGE_NOT_FOUND"))
        for target in (taken_down, other_size):
            assert (await client.get(target)).status_code == 404
        assert (await client.get(kept)).content == BODY
        _shell(everything, nginx.directory)
        assert (await client.get(kept)).status_code == 404


def test_nothing_outlives_what_the_server_said() -> None:
    """No directive gives an answer more time than the server gave it."""
    lines = [line.strip() for line in SHIPPED.read_text().splitlines()]
    for word in ("proxy_cache_valid", "proxy_ignore_headers", "proxy_store"):
        assert not [line for line in lines if line.startswith(word)]


def _documented(text: str) -> list[str]:
    """The two commands in the file's own head."""
    marks = ("without root:", "gracefully:")
    lines = text.splitlines()[:12]
    return [line.split(mark)[1].strip() for mark in marks for line in lines if mark in line]


def _shell(command: str, folder: Path) -> None:
    path = f"{os.defpath}:{Path(nginx_binary()).parent}"
    run = ["sh", "-c", command]
    subprocess.run(run, cwd=folder, check=True, env={"PATH": path}, timeout=10)
