"""A program of several processes that do the same to one database at the same moment.

python -m tests.core.records.contenders migrate|reserve|increment|claim DATABASE_URL PROCESSES

Prints what each process reports as a list of JSON. They are forked, so the libraries load only
once.
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
from core.models import Image
from core.records.database import database_time, open_database
from core.records.flows import SqlFlowLibrary
from core.records.images import SqlImageLibrary
from core.records.ledger import SqlLedger
from core.records.location import locate
from core.records.records import utc_now
from core.records.schema import migrate
from core.records.tables import budget_windows
from core.records.tenants import SqlTenants
from core.spending.limits import Budget
from tests.core.records.samples import a_generation, an_image

TASKS = 4
ATTEMPTS = 50
LIMIT = 400
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


async def increment_all(url: str, ready: Callable[[], object]) -> dict[str, float | int]:
    """Read a number, then write it back plus one: what a stale snapshot would get wrong."""
    counted = select(budget_windows.c.taken).with_for_update()
    async with open_database(locate(url, Path())) as database:
        await asyncio.to_thread(ready)

        async def increment() -> float:
            slowest = 0.0
            for _ in range(ATTEMPTS):
                begun = time.monotonic()
                async with database.writing() as connection:
                    before = (await connection.execute(counted)).scalar_one()
                    after = update(budget_windows).values(taken=before + 1)
                    await connection.execute(after)
                slowest = max(slowest, time.monotonic() - begun)
            return slowest

        slowest = await asyncio.gather(*(increment() for _ in range(TASKS)))
    return {"done": TASKS * ATTEMPTS, "slowest": max(slowest)}


def claiming(url: str, process: int, ready: Callable[[], object]) -> object:
    return asyncio.run(claim_all(url, ready))


async def claim_all(url: str, ready: Callable[[], object]) -> dict[str, list[str]]:
    """Every task wants one name of the project and of a flow for its own image, and keeps another
    name of the flow that nobody else wants."""
    async with open_database(locate(url, Path())) as database:
        project = await SqlTenants(database, utc_now).ensure("main", "site", "page")
        images, flows = SqlImageLibrary(database, utc_now), SqlFlowLibrary(database, utc_now)
        pictures = [an_image(a_generation(project), flow_id="f") for _ in range(TASKS)]
        for picture in pictures:
            await images.insert(picture, flow_alias=f"@{picture.id[-12:]}")
        await asyncio.to_thread(ready)

        async def claim(picture: Image) -> None:
            for _ in range(ATTEMPTS // 2):
                assert await images.assign_alias(project.id, picture.id, "@hero") is not None
                wanted = {"@hero": picture.id}
                assert await flows.merge_aliases(project.id, "f", wanted) is not None

        await asyncio.gather(*(claim(picture) for picture in pictures))
    return {"images": [picture.id for picture in pictures]}


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
    jobs = {
        "migrate": migrating,
        "reserve": reserving,
        "increment": incrementing,
        "claim": claiming,
    }
    sys.stdout.write(json.dumps(contend(jobs[what], database_url, int(count))))
