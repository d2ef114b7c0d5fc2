"""Starts the server as an operator does, for measuring: no test runner, a log where it is told."""

import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fleet.processes import ROOT, environment
from tests.servers.process import Server, free_port, until


@contextmanager
def running_edge(
    data: Path, *, log: Path | None = None, wait: bool = True, **settings: str
) -> Iterator["Edge"]:
    """One process on ``data``, ready to serve unless whoever calls does the waiting.

    Raises RuntimeError when it does not start.
    """
    data.mkdir(parents=True, exist_ok=True)
    edge = Edge(data, log or data / "log", settings)
    try:
        if wait:
            edge.wait()
        yield edge
    finally:
        edge.server.end(signal.SIGTERM)


class Edge:
    """``python -m edge serve`` and where it listens."""

    def __init__(self, data: Path, log: Path, settings: dict[str, str]) -> None:
        self.port = free_port()
        self._log = log
        self.server = Server(
            [sys.executable, "-m", "edge", "serve"],
            log,
            env=environment(data, self.port, {"PYTHONPATH": str(ROOT), **settings}),
        )

    @property
    def process(self) -> int:
        return self.server.process.pid

    def wait(self) -> None:
        until(lambda: not self.server.alive or self._is_ready(), "the server", seconds=40)
        if not self.server.alive:
            raise RuntimeError(f"the server did not start: {self._log.read_text()[-2000:]}")

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=2):
                return True
        except OSError:
            return False
