"""A local stand-in for the HTTP API of Replicate that counts calls."""

import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx
import pytest

ROOT = Path(__file__).parents[2]


class ReplicateStandin:
    """The stand-in as a test sees it; see tests/standins/replicate_server.py for the script."""

    def __init__(self, base_url: str, client: httpx.Client) -> None:
        self.base_url = base_url
        self._client = client

    async def calls(self) -> dict[str, Any]:
        """``created``, ``polls``, ``cancels``, ``downloads``; ``creates`` (one dict for each:
        id, model, version, input, headers) and ``downloadHeaders``.
        """
        return await self._ask("GET", "/_calls")

    async def created(self) -> int:
        """How many predictions were started: what would have been paid."""
        return (await self.calls())["created"]

    async def wait(self, **counts: int) -> None:
        """Return once so many ``created``, ``polls``, ``cancels`` or ``downloads`` were counted."""
        await self._ask("GET", "/_wait", params=counts)

    async def hold(self) -> None:
        """No prediction ends until release()."""
        await self._ask("POST", "/_hold")

    async def release(self) -> None:
        await self._ask("POST", "/_release")

    async def pace(self, seconds: float) -> None:
        """How long each later prediction takes."""
        await self._ask("POST", "/_pace", json={"seconds": seconds})

    async def script(self, *steps: dict[str, Any]) -> None:
        """Misbehave: ``{"on": "create", "do": "429", "retry_after": 7, "times": 1}`` and so on."""
        await self._ask("POST", "/_script", json=list(steps))

    async def reset(self) -> None:
        await self._ask("POST", "/_reset")

    async def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            answer = self._client.request(method, path, **options)
            answer.raise_for_status()
            return answer.json()

        return await anyio.to_thread.run_sync(ask)


@pytest.fixture(scope="session")
def replicate_process() -> Iterator[ReplicateStandin]:
    """The stand-in's process, once per run."""
    with running_replicate_standin() as standin:
        yield standin


@contextmanager
def running_replicate_standin() -> Iterator[ReplicateStandin]:
    """The stand-in in a process of its own; on a listening socket, so nobody waits for it."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        command = [sys.executable, "-m", "tests.standins.replicate_server"]
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [*command, "--fd", str(listener.fileno())], cwd=ROOT, pass_fds=[listener.fileno()]
        )
    try:
        with httpx.Client(base_url=base_url, timeout=35, trust_env=False) as client:
            yield ReplicateStandin(base_url, client)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@pytest.fixture
async def replicate_standin(
    replicate_process: ReplicateStandin,
) -> AsyncIterator[ReplicateStandin]:
    """The stand-in with clean counts and manners."""
    await replicate_process.reset()
    yield replicate_process
    await replicate_process.reset()
