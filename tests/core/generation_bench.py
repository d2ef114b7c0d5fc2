"""The generations service over real records, with a generator that waits for the test's word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from cache.failures import LocalFailures
from cache.leases import Hints, LocalLeases
from cache.memory_tier import MemoryTier
from cache.null_tier import NullTier
from cache.observer import NullObserver, Observer
from cache.readthrough import ReadThrough
from cache.spool import NullSpool
from core.catalog import Catalog
from core.errors import RateLimitExceeded
from core.generations.adoption import Adoption
from core.generations.plans import Planner
from core.generations.progress import Progress
from core.generations.references import References
from core.generations.requests import GenerationRequest, Owner
from core.generations.service import GenerationService, Patience
from core.generations.work import GenerationWork
from core.library.aliases import Aliases
from core.listing import Window
from core.live import Ask, Live
from core.live_request import LiveRequest
from core.models import ApiKey, Generation, Model, Project, RawPicture, Recipe
from core.ports import AddressAdmission, PromptPolicy
from core.purging.service import Purging
from core.records.records import Records, open_records
from core.rendering.masters import StoredMasters
from core.rendering.slots import Slots
from core.rendering.workshop import Workshop
from core.spending.admission import AnyAddress
from core.spending.foresight import Foresight
from core.spending.limits import Budget, RateState
from core.spending.permission import Spending
from core.spending.policy import AnyPrompt
from core.spending.visitor import Visitor
from tests.core.fakes import CountingMeter, DictStore, ScriptedGenerator, prepare
from tests.core.purge_bench import Fleet, Process

SIZES = {"1:1": (64, 64), "16:9": (64, 36)}
PAID = Model(
    "paid", "1", "replicate", price_micros=3000, sizes=SIZES, parameters={"references": "images"}
)
PLAIN = Model("plain", "1", "replicate", price_micros=1000, sizes=SIZES)
PATIENT = Patience(30.0)
AT_ONCE = Patience(0.0, respond_async=True)


class CountedAdmission:
    """Admits ``left`` more pieces of work."""

    def __init__(self, left: int = 1000) -> None:
        self.left = left
        self.asked: list[str] = []

    async def admit(self, key: str) -> None:
        self.asked.append(key)
        if self.left <= 0:
            raise RateLimitExceeded(retry_after=60)
        self.left -= 1

    async def ensure_left(self, key: str) -> None:
        if self.left <= 0:
            raise RateLimitExceeded(retry_after=60)

    async def state(self, key: str) -> RateState:
        return RateState(limit=100, remaining=self.left, reset=0)


class Gate(NullObserver):
    """Counts who starts or joins a flight, and lets a test wait for them."""

    def __init__(self) -> None:
        self._count = 0
        self._more = asyncio.Event()

    def flight_started(self) -> None:
        self._count += 1
        self._more.set()

    def joined(self) -> None:
        self.flight_started()

    async def passed(self, count: int) -> None:
        while self._count < count:
            self._more.clear()
            await self._more.wait()


class Provider(ScriptedGenerator):
    """Like the real one: a job ends when it is cancelled, with ``fail_cancelled``."""

    def __init__(self) -> None:
        super().__init__()
        self.fail_cancelled: Exception | None = None
        self.starting = asyncio.Event()
        self.start_gate = asyncio.Event()
        self.start_gate.set()

    async def start(self, recipe: Recipe) -> str:
        self.starting.set()
        await self.start_gate.wait()
        return await super().start(recipe)

    async def finish(self, job_id: str, recipe: Recipe) -> RawPicture:
        picture = await super().finish(job_id, recipe)
        if self.fail_cancelled is not None and job_id in self.cancelled:
            raise self.fail_cancelled
        # No two are alike, as with a real provider.
        return replace(picture, body=picture.body + f" by {job_id}".encode())

    async def cancel(self, job_id: str) -> None:
        await super().cancel(job_id)
        if self.fail_cancelled is not None:
            self.gate.set()


@dataclass(slots=True)
class Bench:
    """Everything a test may look at or turn."""

    records: Records
    owner: Owner
    provider: Provider = field(default_factory=Provider)
    store: DictStore = field(default_factory=DictStore)
    admission: CountedAdmission = field(default_factory=CountedAdmission)
    meter: CountingMeter = field(default_factory=CountingMeter)
    boarding: Gate = field(default_factory=Gate)
    budgets: tuple[Budget, ...] = ()
    spending: bool = True
    policy: PromptPolicy = field(default_factory=AnyPrompt)
    addresses: AddressAdmission = field(default_factory=AnyAddress)
    running: int = 4
    cache: ReadThrough = field(init=False)
    workshop: Workshop = field(init=False)
    adoption: Adoption = field(init=False)
    work: GenerationWork = field(init=False)
    service: GenerationService = field(init=False)
    progress: Progress = field(init=False)
    live: Live = field(init=False)
    purging: Purging = field(init=False)
    foresight: Foresight = field(init=False)

    @property
    def project(self) -> Project:
        return self.owner.project

    def build(self) -> None:
        """The services, anew: as after a change of settings, or in another process."""
        log = self.records
        self.cache = cache_over(self.store, self.boarding)
        self.workshop = Workshop(
            generator=self.provider,
            generations=log.generations,
            ledger=log.ledger,
            budgets=self.budgets,
            slots=Slots(running=self.running, waiting=100),
            prepare=prepare,
            meter=self.meter,
            deadline=30.0,
            admission=self.admission,
            masters=StoredMasters(self.cache),
            policy=self.policy,
            addresses=self.addresses,
            watch=log.purges,
            tombstones=log.purges,
        )
        hints = Hints()
        catalog = Catalog(
            {"paid": PAID, "plain": PLAIN}, PAID, generator="replicate", default="paid"
        )
        fleet = Fleet(log, catalog)
        self.purging = Process(fleet, self.cache).purging
        self.adoption = Adoption(
            generations=log.generations, library=log.library, images=log.images
        )
        self.work = GenerationWork(
            cache=self.cache,
            workshop=self.workshop,
            library=log.library,
            adoption=self.adoption,
            hints=hints,
        )
        references = References(log.images, Aliases(log.images, log.flows))
        spending = Spending(enabled=self.spending, policy=self.policy)
        self.foresight = Foresight(
            cache=self.cache,
            generations=log.generations,
            admission=self.admission,
            budgets=self.budgets,
            counts=log.ledger,
        )
        self.service = GenerationService(
            cache=self.cache,
            planner=Planner(catalog, references, version=self.workshop.enhancer.version),
            work=self.work,
            adoption=self.adoption,
            library=log.library,
            flows=log.flows,
            generator=self.provider,
            spending=spending,
            foresight=self.foresight,
            takedowns=self.purging,
            tombstones=log.purges,
        )
        self.progress = Progress(log.library, hints, beat=0.05)
        self.live = Live(
            cache=self.cache, catalog=catalog, workshop=self.workshop, spending=spending
        )

    async def make(self, prompt: str = "a lighthouse", **wanted: object) -> Generation:
        """A generation that has ended."""
        outcome = await self.service.create(self.owner, wish(prompt, **wanted), PATIENT)
        assert outcome.ended
        return outcome.generation

    async def rows(self) -> list[Generation]:
        listing = await self.records.library.listed(self.project.id, Window())
        return list(listing.rows)

    async def row(self, generation: Generation) -> Generation:
        return await self.service.find(self.project.id, generation.id)

    async def spent(self) -> int:
        """Micro-dollars of the day, reserved and settled."""
        return await self.records.ledger.taken("installation", "day")


def cache_over(store: DictStore, observer: Observer) -> ReadThrough:
    return ReadThrough(
        memory=MemoryTier(2**20),
        near=NullTier(),
        store=store,
        leases=LocalLeases(),
        failures=LocalFailures(),
        spool=NullSpool(),
        observer=observer,
    )


def wish(prompt: str = "a lighthouse", **wanted: object) -> GenerationRequest:
    """A plain request: nothing is enhanced unless the test says so."""
    values = {"ratio": "1:1", "auto_enhance": False, **wanted}
    return GenerationRequest(prompt, **values)  # type: ignore[arg-type]  # the values come by name


def live_ask(bench: Bench, prompt: str = "a lighthouse") -> Ask:
    """The same picture asked for by URL."""
    visitor = Visitor(bench.project, key=bench.owner.key)
    return bench.live.decide(visitor, LiveRequest(prompt, "1:1"))


def a_key(project: Project, **changes: object) -> ApiKey:
    values = {
        "id": "k1",
        "type": "project",
        "name": "test",
        "prefix": "bnt_000000",
        "secret_hash": "0" * 64,
        "project": project,
        "scopes": frozenset({"generations", "live:read", "live:generate"}),
        "allowed_models": None,
        "created_at": datetime.now(UTC),
        **changes,
    }
    return ApiKey(**values)  # type: ignore[arg-type]  # the values come by name


@asynccontextmanager
async def bench_in(folder: Path, **changes: object) -> AsyncIterator[Bench]:
    """A bench over fresh records; the work it began has ended when the block does."""
    async with open_records(None, folder) as records:
        project = await records.tenants.ensure("main", "site", "page")
        bench = Bench(records, Owner(project, a_key(project)), **changes)  # type: ignore[arg-type]  # by name
        bench.build()
        try:
            yield bench
        finally:
            bench.provider.gate.set()
            bench.provider.start_gate.set()
            await bench.cache.drain(5)
            await bench.work.settle()
