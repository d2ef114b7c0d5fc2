"""Installs httpyac once, and sends .http files with it."""

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.process import absent

ROOT = Path(__file__).parents[2]
PINNED = ("package.json", "package-lock.json")
# Exit status: all went well, a request could not be sent, an assertion failed.
FINE, ERROR, FAILED = 0, 10, 20


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a file and its answer; ``failures`` are the assertions that do not hold."""

    name: str
    method: str
    url: str
    status: int
    headers: dict[str, str]
    body: str
    failures: tuple[str, ...]

    @property
    def data(self) -> Any:
        return json.loads(self.body)["data"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A whole file. ``code`` is the client's exit status."""

    code: int
    exchanges: tuple[Exchange, ...]

    def __getitem__(self, name: str) -> Exchange:
        return next(each for each in self.exchanges if each.name == name)

    @property
    def failures(self) -> list[str]:
        return [f"{each.name}: {one}" for each in self.exchanges for one in each.failures]


def installed() -> Path:
    """The client's program. Without node and npm the test is left out, and named."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        absent("node with npm", "nodejs npm")
    here, folder = Path(__file__).parent, ROOT / "tests" / ".run" / "http"
    pinned = hashlib.sha256(b"".join((here / name).read_bytes() for name in PINNED)).hexdigest()
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_text() != pinned:
        folder.mkdir(parents=True, exist_ok=True)
        for name in PINNED:
            shutil.copy(here / name, folder)
        command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            absent(f"httpyac ({run.stderr.strip()[-300:]})", "nodejs npm")
        stamp.write_text(pinned)
    return folder / "node_modules" / ".bin" / "httpyac"


def send(program: Path, file: Path, report: Path, **variables: str) -> Sent:
    """Send every request of ``file`` in order; ``report`` is where the client writes."""
    given = [f"{name}={value}" for name, value in variables.items()]
    command = [str(program), "send", file.name, "--all", "--json", "--var", *given]
    # Into a file: what it writes into a pipe is cut off when it ends.
    with report.open("wb") as out:
        run = subprocess.run(
            command, cwd=file.parent, stdout=out, stderr=subprocess.PIPE, timeout=90, check=False
        )
    assert report.stat().st_size, run.stderr.decode()[-2000:]
    written = json.loads(report.read_bytes())
    return Sent(run.returncode, tuple(_exchange(one) for one in written["requests"]))


def _exchange(one: dict[str, Any]) -> Exchange:
    answer = one.get("response") or {}
    asked = answer.get("request") or {}
    failures = [each["message"] for each in one["testResults"] if each["status"] != "SUCCESS"]
    return Exchange(
        name=one.get("name") or one.get("title") or "",
        method=asked.get("method", ""),
        url=asked.get("url", ""),
        status=answer.get("statusCode", 0),
        headers={name.lower(): str(value) for name, value in answer.get("headers", {}).items()},
        body=answer.get("body") or "",
        failures=tuple(failures),
    )
