"""Starting and ending the real servers of the tests, each on loopback and on a free port."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    """Whether somebody accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(ready: Callable[[], bool], what: str, *, seconds: float = 20.0) -> None:
    """Return once ``ready``; fail the test when that takes too long."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come up within {seconds} s")
        threading.Event().wait(0.02)


def absent(part: str, package: str) -> NoReturn:
    """A part is not on this machine: no matter here, a failure where everything must run."""
    text = f"{part} is not installed; to run these tests: sudo apt-get install {package}"
    if os.environ.get("CI") == "true":  # noqa: TID251 - the tests' own switch
        pytest.fail(text)
    pytest.skip(text)


class Server:
    """One process with its own group, which is all that is ever signalled."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str] | None = None) -> None:
        self._log = log.open("ab")
        self.process = subprocess.Popen(
            command, stdout=self._log, stderr=self._log, start_new_session=True, env=env
        )

    def send(self, number: signal.Signals) -> None:
        os.killpg(self.process.pid, number)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, if it has not ended by itself."""
        if self.alive:
            self.send(number)
            if number is not signal.SIGKILL:
                self.send(signal.SIGCONT)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.send(signal.SIGKILL)
                self.process.wait(5)
        self._log.close()
