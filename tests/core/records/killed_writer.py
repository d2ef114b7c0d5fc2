"""A program that kills a SQLite writer again and again, and then counts what is left.

python -m tests.core.records.killed_writer PATH ROUNDS: prints JSON with the number of
acknowledged rows, the acknowledged rows that are missing, and SQLite's own integrity check.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from pathlib import Path

from core.records.location import SqliteFile
from core.records.records import open_records
from core.spending.limits import Budget
from tests.core.records.samples import a_generation, an_image

BUDGETS = (Budget("installation", "month", 10**9),)


async def write_for_ever(path: Path, round_number: int, acknowledgements: int) -> None:
    async with open_records(f"sqlite:///{path}", path.parent) as records:
        project = await records.tenants.ensure("main", "site", "page")

        async def write(task: int) -> None:
            for count in range(10_000):
                name = f"{round_number}-{task}-{count}"
                image = an_image(a_generation(project), id=name, alias="@hero", flow_id="f")
                # Several statements each: the picture takes two names from whoever holds them.
                await records.images.insert(image, flow_alias="@step")
                await records.ledger.reserve(project.id, name, 1, BUDGETS)
                os.write(acknowledgements, f"{name}\n".encode())

        await asyncio.gather(*(write(task) for task in range(3)))


def run_and_kill(path: Path, round_number: int) -> list[str]:
    """Fork a writer, let it acknowledge some rows, kill it; return what it acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        asyncio.run(write_for_ever(path, round_number, writing))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="ascii") as lines:
        # Another number of rows each round: the kill lands in another place.
        seen = [lines.readline().strip() for _ in range(3 + 7 * round_number % 11)]
        os.kill(child, signal.SIGKILL)
        seen += [line.strip() for line in lines]
    os.waitpid(child, 0)
    return seen


def examine(path: Path, acknowledged: list[str]) -> dict[str, object]:
    connection = sqlite3.connect(path)
    try:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        rows = {name for (name,) in connection.execute("SELECT account FROM ledger")}
        pictures = {name for (name,) in connection.execute("SELECT id FROM images")}
        (holders,) = connection.execute(
            "SELECT count(*) FROM images WHERE alias = '@hero'"
        ).fetchone()
        (steps,) = connection.execute("SELECT count(*) FROM flow_aliases").fetchone()
        (spent,) = connection.execute("SELECT sum(taken) FROM budget_windows").fetchone()
    finally:
        connection.close()
    missing = sorted(set(acknowledged) - (rows & pictures))
    return {
        "integrity": verdict,
        "acknowledged": len(acknowledged),
        "missing": missing,
        "unbalanced": spent - len(rows),
        "holders": [holders, steps],
    }


if __name__ == "__main__":
    file, rounds = SqliteFile(Path(sys.argv[1])).path, int(sys.argv[2])
    everything = [name for number in range(rounds) for name in run_and_kill(file, number)]
    sys.stdout.write(json.dumps(examine(file, everything)))
