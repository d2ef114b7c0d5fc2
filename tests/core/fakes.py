"""Stand-ins for core's ports: they remember what was asked and wait for the test's word."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

from cache.entry import Entry
from core.errors import BudgetExhausted, EdgeError
from core.models import Generation, Image, Model, Project, RawPicture, Recipe, VerifiedPicture
from core.spending.limits import Budget

PROJECT = Project(id="p1", organization="main", slug="site", public=True)
PAINTER = Model(
    name="free", version="1", generator="painter", price_micros=0, sizes={"1:1": (64, 64)}
)
PAID = Model(
    name="paid", version="1", generator="replicate", price_micros=3000, sizes={"1:1": (64, 64)}
)


class ScriptedGenerator:
    """Starts jobs at once; ``finish`` waits for ``gate``. ``fail_*`` raise instead."""

    name = "scripted"

    def __init__(self) -> None:
        self.started: list[Recipe] = []
        self.finished: list[str] = []
        self.cancelled: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()
        self.fail_start: Exception | None = None
        self.fail_finish: Exception | None = None

    async def start(self, recipe: Recipe) -> str:
        if self.fail_start is not None:
            raise self.fail_start
        self.started.append(recipe)
        return f"job-{len(self.started)}"

    async def finish(self, job_id: str, recipe: Recipe) -> RawPicture:
        self.waiting.set()
        await self.gate.wait()
        self.finished.append(job_id)
        if self.fail_finish is not None:
            raise self.fail_finish
        return RawPicture(f"picture of {recipe.prompt}".encode(), recipe.model.price_micros)

    async def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)


async def prepare(raw: RawPicture, ratio: str, generator: str) -> VerifiedPicture:
    """Takes every bytes for a sound picture."""
    digest = sha256(raw.body).hexdigest()
    return VerifiedPicture(raw.body, "image/png", 64, 64, digest, "dGh1bWI=", "#aabbcc")


class DictStore:
    """A store in a dictionary that counts its look-ups and fails on request."""

    name = "store"

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.gets = 0
        self.failure: Exception | None = None

    async def get(self, slot: str) -> Entry | None:
        self.gets += 1
        if self.failure is not None:
            raise self.failure
        return self.entries.get(slot)

    async def put_first(self, slot: str, entry: Entry) -> Entry:
        if self.failure is not None:
            raise self.failure
        return self.entries.setdefault(slot, entry)

    async def replace(self, slot: str, entry: Entry) -> None:
        if self.failure is not None:
            raise self.failure
        self.entries[slot] = entry

    async def delete(self, slot: str) -> None:
        self.entries.pop(slot, None)

    async def slots(self) -> AsyncIterator[str]:
        if self.failure is not None:
            raise self.failure
        for slot in list(self.entries):
            yield slot


class RecordedGenerations:
    """The generations' log in a dictionary; ``log`` is the order of events."""

    def __init__(self, log: list[str]) -> None:
        self.rows: dict[str, Generation] = {}
        self.images: dict[str, Image] = {}
        self.log = log
        self.failure: EdgeError | None = None

    async def begin(self, generation: Generation) -> None:
        self.log.append("begin")
        self.rows[generation.id] = generation

    async def unfinished(self, project_id: str, identity: str) -> Generation | None:
        if self.failure is not None:
            raise self.failure
        open_ones = [
            row
            for row in self.rows.values()
            if row.status == "processing" and row.identity == identity
        ]
        return open_ones[-1] if open_ones else None

    async def note_job(
        self, project_id: str, generation_id: str, job_id: str, *, attempt: int = 0
    ) -> None:
        self.log.append("note_job")
        self._change(generation_id, lambda row: replace(row, job_id=job_id))

    async def succeed(
        self,
        project_id: str,
        generation_id: str,
        image: Image,
        *,
        cost_micros: int,
        processing_ms: int,
        attempt: int = 0,
    ) -> None:
        self.log.append("succeed")
        self.images[image.id] = image
        self._change(
            generation_id, lambda row: replace(row, status="success", cost_micros=cost_micros)
        )

    async def fail(
        self, project_id: str, generation_id: str, code: str, message: str, *, attempt: int = 0
    ) -> None:
        self.log.append(f"fail {code}")
        self._change(generation_id, lambda row: replace(row, status="failed", error_code=code))

    async def get(self, project_id: str, generation_id: str) -> Generation | None:
        return self.rows.get(generation_id)

    async def abandoned(self, before: datetime, limit: int) -> list[Generation]:
        return [
            row
            for row in self.rows.values()
            if row.status in ("pending", "processing") and row.created_at < before
        ][:limit]

    def _change(self, generation_id: str, change: Callable[[Generation], Generation]) -> None:
        self.rows[generation_id] = change(self.rows[generation_id])


@dataclass
class RecordedLedger:
    """Reservations and settlements, in order; refuses when ``exhausted`` names whom that
    concerns ("": everybody)."""

    log: list[str]
    exhausted: str | None = None
    asked: list[tuple[Budget, ...]] = field(default_factory=list)
    reserved: dict[str, int] = field(default_factory=dict)
    settled: dict[str, int] = field(default_factory=dict)
    refunded: set[str] = field(default_factory=set)
    duplicates: set[str] = field(default_factory=set)

    async def reserve(
        self, project_id: str, account: str, amount_micros: int, budgets: tuple[Budget, ...]
    ) -> None:
        if self.exhausted is not None:
            error = BudgetExhausted(retry_after=3600)
            error.payer = self.exhausted or None
            raise error
        self.asked.append(budgets)
        self.log.append("reserve")
        self.reserved[account] = amount_micros

    async def settle(self, account: str, amount_micros: int) -> None:
        self.log.append("settle")
        self.settled.setdefault(account, amount_micros)

    async def refund(self, account: str) -> None:
        self.log.append("refund")
        self.refunded.add(account)

    async def settle_reserved(self, account: str) -> int:
        self.log.append("settle")
        return self.settled.setdefault(account, self.reserved.get(account, 0))

    async def refund_orphans(self, before: datetime) -> int:
        return 0

    async def close_ended(self, before: datetime) -> int:
        return 0

    async def mark_duplicate(self, account: str) -> None:
        self.duplicates.add(account)


class CountingMeter:
    """Counts what the renderer tells."""

    def __init__(self) -> None:
        self.started = 0
        self.outcomes: list[str] = []
        self.spent_micros = 0
        self.duplicates = 0

    def generation_started(self) -> None:
        self.started += 1

    def generation_ended(self, outcome: str, seconds: float) -> None:
        self.outcomes.append(outcome)

    def spent(self, amount_micros: int) -> None:
        self.spent_micros += amount_micros

    def paid_twice(self) -> None:
        self.duplicates += 1


def open_generation(identity: str, slot: str, **changes: object) -> Generation:
    """A generation some other process left unfinished."""
    now = datetime.now(UTC)
    values: Mapping[str, object] = {
        "id": "left-behind",
        "project_id": PROJECT.id,
        "status": "processing",
        "identity": identity,
        "slot": slot,
        "prompt": "a lighthouse",
        "original_prompt": "a lighthouse",
        "ratio": "1:1",
        "seed": 1,
        "model": PAID.name,
        "model_version": "1",
        "generator": "replicate",
        "origin": "live",
        "created_at": now,
        "updated_at": now,
        **changes,
    }
    return Generation(**values)  # type: ignore[arg-type]  # the values come by name
