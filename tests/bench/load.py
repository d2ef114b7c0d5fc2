"""Asks one URL as fast as it can, by turns with others: A B A B, and the median of each."""

import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.fleet.processes import ROOT

CONNECTIONS = 32
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Subject:
    """URLs of one server, asked for in turn. ``process`` is its id, where its work matters."""

    name: str
    port: int
    targets: Sequence[str]
    headers: Mapping[str, str] = field(default_factory=dict)
    process: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Answers in a second, and the server's processor time for one, in microseconds."""

    rate: float
    work: float


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: so many turns of so many seconds for each."""

    rounds: int
    seconds: int


def generator() -> str:
    """What asks: wrk, or our own client where it is absent."""
    return "wrk -t1" if shutil.which("wrk") else "our own client"


def measure(subjects: Sequence[Subject], effort: Effort, size: int) -> dict[str, Measured]:
    """By name. Raises AssertionError unless each answers 200 with ``size`` bytes, always."""
    for subject in subjects:
        _ensure_answers(subject, size)
    turns: dict[str, list[Measured]] = {subject.name: [] for subject in subjects}
    for _ in range(effort.rounds):
        for subject in subjects:
            turns[subject.name].append(_turn(subject, effort.seconds))
    return {name: _median(measured) for name, measured in turns.items()}


def _median(turns: Sequence[Measured]) -> Measured:
    return Measured(
        statistics.median(turn.rate for turn in turns),
        statistics.median(turn.work for turn in turns),
    )


def _ensure_answers(subject: Subject, size: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=60)
    try:
        # Twice: the first may be the one that copies the entry upwards.
        for target in [*subject.targets, *subject.targets]:
            connection.request("GET", target, headers=dict(subject.headers))
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, f"{subject.name}: {answer.status} {body[:300]!r}"
            assert len(body) == size, f"{subject.name}: {len(body)} bytes"
    finally:
        connection.close()


def _turn(subject: Subject, seconds: int) -> Measured:
    before = processor_seconds(subject.process)
    answers, took = (_wrk if shutil.which("wrk") else _own)(subject, seconds)
    spent = processor_seconds(subject.process) - before
    return Measured(answers / took, spent / answers * 1e6)


def processor_seconds(process: int) -> float:
    """Processor seconds of a process so far, the system's for it too; 0 where nobody tells."""
    facts = Path(f"/proc/{process}/stat")
    if not process or not facts.exists():
        return 0.0
    fields = facts.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


# wrk's own language: the next target for every request of its one thread.
_IN_TURN = """
local targets, last = {%s}, 0
request = function()
  last = last %% #targets + 1
  return wrk.format("GET", targets[last])
end
"""


def _wrk(subject: Subject, seconds: int) -> tuple[int, float]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    command += [f"-H{name}: {value}" for name, value in subject.headers.items()]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if len(subject.targets) > 1:
            script.write(_IN_TURN % ", ".join(map(json.dumps, subject.targets)))
            script.flush()
            command.append(f"-s{script.name}")
        run = subprocess.run(
            [*command, f"http://127.0.0.1:{subject.port}{subject.targets[0]}"],
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds + 30,
        )
    assert "Non-2xx" not in run.stdout, f"{subject.name}: {run.stdout}"
    assert "Socket errors" not in run.stdout, f"{subject.name}: {run.stdout}"
    found = re.search(r"(\d+) requests in ([\d.]+)(ms|s|m)", run.stdout)
    assert found is not None, run.stdout
    return int(found[1]), float(found[2]) * {"ms": 0.001, "s": 1, "m": 60}[found[3]]


def _own(subject: Subject, seconds: int) -> tuple[int, float]:
    command = [sys.executable, "-m", "tests.bench.client", "--port", str(subject.port)]
    command += ["--seconds", str(seconds), "--connections", str(CONNECTIONS)]
    command += [f"--header={name}: {value}" for name, value in subject.headers.items()]
    run = subprocess.run(
        [*command, *subject.targets],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 30,
    )
    answers, took = run.stdout.split()
    return int(answers), float(took)
