"""A program of several processes that do the same to one database at the same moment.

python -m tests.core.records.contenders migrate|reserve|increment DATABASE_URL PROCESSES: prints
what each process reports as a list of JSON. They are forked, so the libraries load only once.
"""

import asyncio
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from multiprocessing.context import ForkContext
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from core.errors import BudgetExhausted
from core.models import Budget
from core.records.database import database_time, open_database
from core.records.ledger import SqlLedger
from core.records.location import locate
from core.records.records import utc_now
from core.records.schema import migrate
from core.records.tables import budget_windows
from core.records.tenants import SqlTenants

TASKS = 4
ATTEMPTS = 25
LIMIT = 150
BUDGETS = (Budget("installation", "month", LIMIT), Budget("scope:page", "month", 10 * LIMIT))


def migrating(url: str, process: int, ready: Callable[[], object]) -> object:
    location = locate(url, Path())
    ready()
    return asyncio.run(migrate(location))


def reserving(url: str, process: int, ready: Callable[[], object]) -> object:
    return asyncio.run(reserve_all(url, process, ready))


async def reserve_all(
    url: str, process: int, ready: Callable[[], object]
) -> dict[str, float | int]:
    async with open_database(locate(url, Path())) as database:
        project = await SqlTenants(database, utc_now).ensure("main", "site", "page")
        ledger = SqlLedger(database, database_time)
        await asyncio.to_thread(ready)

        async def reserve(task: int) -> tuple[int, float]:
            won, slowest = 0, 0.0
            for attempt in range(ATTEMPTS):
                begun = time.monotonic()
                try:
                    await ledger.reserve(project.id, f"{process}-{task}-{attempt}", 1, BUDGETS)
                    won += 1
                except BudgetExhausted:
                    pass
                slowest = max(slowest, time.monotonic() - begun)
            return won, slowest

        outcomes = await asyncio.gather(*(reserve(task) for task in range(TASKS)))
    return {
        "won": sum(won for won, _ in outcomes),
        "slowest": max(slowest for _, slowest in outcomes),
    }


def incrementing(url: str, process: int, ready: Callable[[], object]) -> object:
    return asyncio.run(increment_all(url, ready))


async def increment_all(url: str, ready: Callable[[], object]) -> int:
    """Read a number, then write it back plus one: what a stale snapshot would get wrong."""
    counted = budget_windows.c.spent_micros
    async with open_database(locate(url, Path())) as database:
        await asyncio.to_thread(ready)

        async def increment() -> None:
            for _ in range(ATTEMPTS):
                async with database.writing() as connection:
                    before = (await connection.execute(select(counted))).scalar_one()
                    after = update(budget_windows).values(spent_micros=before + 1)
                    await connection.execute(after)

        await asyncio.gather(*(increment() for _ in range(TASKS)))
    return TASKS * ATTEMPTS


def contend(job: Callable[..., object], url: str, processes: int) -> list[Any]:
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(processes)
    reports = context.SimpleQueue()
    children = [_start(context, (job, url, one, barrier, reports)) for one in range(processes)]
    answers = [reports.get() for _ in children]
    for child in children:
        child.join()
    return answers


def _start(context: ForkContext, arguments: tuple[Any, ...]) -> multiprocessing.Process:
    child = context.Process(target=_report, args=arguments)
    child.start()
    return child


def _report(
    job: Callable[..., object],
    url: str,
    process: int,
    barrier: Barrier,
    reports: Any,
) -> None:
    try:
        reports.put(job(url, process, barrier.wait))
    except Exception as error:
        barrier.abort()
        reports.put(repr(error))


if __name__ == "__main__":
    _, what, database_url, count = sys.argv
    jobs = {"migrate": migrating, "reserve": reserving, "increment": incrementing}
    sys.stdout.write(json.dumps(contend(jobs[what], database_url, int(count))))
