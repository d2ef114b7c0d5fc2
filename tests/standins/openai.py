"""A local stand-in for an OpenAI-compatible server that counts calls."""

import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx
import pytest

ROOT = Path(__file__).parents[2]


class OpenaiStandin:
    """The stand-in as a test sees it; see tests/standins/openai_server.py for the script."""

    def __init__(self, base_url: str, client: httpx.Client) -> None:
        self.base_url = base_url
        self._client = client

    async def calls(self) -> dict[str, Any]:
        """``images``, ``chats``, ``lists``, ``downloads``, ``hangups``; ``asked`` (one dict for
        each call: on, body, headers) and ``downloadHeaders``.
        """
        return await self._ask("GET", "/_calls")

    async def created(self) -> int:
        """How many pictures were asked for: what would have been paid."""
        return (await self.calls())["images"]

    async def wait(self, **counts: int) -> None:
        """Return once so many ``images``, ``chats``, ``lists``, ``downloads`` or ``hangups`` were
        counted."""
        await self._ask("GET", "/_wait", params=counts)

    async def hold(self) -> None:
        """No picture ends until release()."""
        await self._ask("POST", "/_hold")

    async def release(self) -> None:
        await self._ask("POST", "/_release")

    async def script(self, *steps: dict[str, Any]) -> None:
        """Misbehave: ``{"on": "image", "do": "429", "retry_after": 7, "times": 1}`` and so on."""
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
def openai_process() -> Iterator[OpenaiStandin]:
    """The stand-in's process, once per run; on a listening socket, so nobody waits for it."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        command = [sys.executable, "-m", "tests.standins.openai_server"]
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [*command, "--fd", str(listener.fileno())], cwd=ROOT, pass_fds=[listener.fileno()]
        )
    try:
        with httpx.Client(base_url=origin, timeout=35, trust_env=False) as client:
            yield OpenaiStandin(f"{origin}/v1", client)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@pytest.fixture
async def openai_standin(openai_process: OpenaiStandin) -> AsyncIterator[OpenaiStandin]:
    """The stand-in with clean counts and manners."""
    await openai_process.reset()
    yield openai_process
    await openai_process.reset()
