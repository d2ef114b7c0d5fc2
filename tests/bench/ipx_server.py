"""Starts IPX, the image server on sharp, from the registry's client."""

import hashlib
import http.client
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fleet.processes import ROOT
from tests.servers.process import Server, absent, free_port, until

_HERE = Path(__file__).parent / "ipx"
_FILES = ("package.json", "package-lock.json", "serve.mjs")


@contextmanager
def running_ipx(folder: Path, log: Path) -> Iterator["Ipx"]:
    """One process that serves the pictures of this folder; skips where there is no npm."""
    node = shutil.which("node")
    program = _installed() / "serve.mjs"
    port = free_port()
    server = Server([str(node), str(program), str(folder), str(port)], log)
    try:
        ipx = Ipx(port, server.process.pid)
        until(lambda: not server.alive or ipx.answers(), "IPX", seconds=30)
        yield ipx
    finally:
        server.end(signal.SIGTERM)


class Ipx:
    """Where it listens, and its process."""

    def __init__(self, port: int, process: int) -> None:
        self.port = port
        self.process = process

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/_/absent.png")
            return connection.getresponse().status > 0
        except OSError:
            return False
        finally:
            connection.close()


def _installed() -> Path:
    """The folder it was installed in, once."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        absent("node with npm", "nodejs npm")
    folder = ROOT / "tests" / ".run" / "ipx"
    pinned = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _FILES)).hexdigest()
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_text() != pinned:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            shutil.copy(_HERE / name, folder)
        command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            absent(f"ipx ({run.stderr.strip()[-300:]})", "nodejs npm")
        stamp.write_text(pinned)
    return folder
