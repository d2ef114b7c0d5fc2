"""Real server processes for tests: started as an operator starts them, ended by their own id."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.process import free_port

ROOT = Path(__file__).resolve().parents[2]
API_KEY = "bnt_" + "5f" * 32


@dataclass(slots=True)
class ServerProcess:
    """One `python -m edge serve`, and where it listens."""

    popen: subprocess.Popen[bytes]
    port: int
    log: Path
    data: Path
    settings: Mapping[str, str]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    def kill(self) -> None:
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(10)

    def terminate(self) -> None:
        self.popen.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        if self.alive:
            self.terminate()
        try:
            return self.popen.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def start_again(self) -> None:
        """The same server on the same port, ready to serve; it has ended before."""
        assert not self.alive
        self.popen = _started(self.data, self.port, self.log, self.settings)
        wait_until_ready(self)

    def metric(self, name: str, **labels: str) -> float:
        """The sum over all lines of one metric that carry these labels."""
        with urllib.request.urlopen(f"{self.base_url}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in lines
            if line.startswith((f"{name} ", f"{name}{{")) and all(each in line for each in wanted)
        )

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """What /ready says: its status and its words."""
        try:
            with urllib.request.urlopen(f"{self.base_url}/ready", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)


def environment(data: Path, port: int, extra: Mapping[str, str]) -> dict[str, str]:
    ours = os.environ  # noqa: TID251 - the child needs to find its way, and nothing else of it
    inherited = {name: ours[name] for name in ("PATH", "HOME", "LANG") if name in ours}
    return inherited | {
        "PORT": str(port),
        "EDGE_DATA_DIR": str(data),
        "EDGE_BOOTSTRAP_API_KEY": API_KEY,
        "LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
        **extra,
    }


def launch(data: Path, **extra: str) -> ServerProcess:
    port = free_port()
    data.mkdir(parents=True, exist_ok=True)
    log = data / f"server-{port}.log"
    return ServerProcess(_started(data, port, log, extra), port, log, data, extra)


def _started(
    data: Path, port: int, log: Path, settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "edge", "serve"],
            cwd=ROOT,
            env=environment(data, port, settings),
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )


def wait_until_ready(process: ServerProcess, seconds: float = 40) -> None:
    """Return once it can serve hits. Raises RuntimeError when it ended or took too long."""
    deadline = time.monotonic() + seconds
    while not _serves(process):
        if not process.alive:
            raise RuntimeError(f"the server ended: {process.log.read_text()[-4000:]}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"not ready after {seconds} s: {process.log.read_text()[-4000:]}")
        threading.Event().wait(0.05)


def _serves(process: ServerProcess) -> bool:
    try:
        return process.readiness()[0] == 200
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def fleet(data: Path, count: int, **extra: str) -> Iterator[list[ServerProcess]]:
    """``count`` processes on one data folder, ready to serve; all ended afterwards."""
    processes: list[ServerProcess] = []
    try:
        for _ in range(count):
            processes.append(launch(data, **extra))
        for process in processes:
            wait_until_ready(process)
        yield processes
    finally:
        for process in processes:
            if process.alive:
                process.terminate()
        for process in processes:
            try:
                process.popen.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
