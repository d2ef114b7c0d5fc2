"""Real server processes for tests: started as an operator starts them, ended by their own id."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
API_KEY = "bnt_" + "5f" * 32


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(slots=True)
class ServerProcess:
    """One `python -m edge serve`, and where it listens."""

    popen: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(10)

    def stop(self) -> int:
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def metric(self, name: str) -> float:
        """The sum over all labels of one metric."""
        with urllib.request.urlopen(f"{self.base_url}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in lines
            if line.startswith((f"{name} ", f"{name}{{"))
        )


def environment(data: Path, port: int, extra: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
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
    with log.open("wb") as out:
        popen = subprocess.Popen(
            [sys.executable, "-m", "edge", "serve"],
            cwd=ROOT,
            env=environment(data, port, extra),
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    return ServerProcess(popen, port, log)


def wait_until_ready(process: ServerProcess, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.popen.poll() is not None:
            raise RuntimeError(f"the server ended: {process.log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(f"{process.base_url}/ready", timeout=2) as answer:
                json.load(answer)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"not ready after {seconds} s: {process.log.read_text()[-4000:]}")


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
            if process.popen.poll() is None:
                process.popen.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.popen.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
