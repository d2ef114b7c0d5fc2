"""The sweeper: what a dead process left open is closed, and never as free."""

from datetime import UTC, datetime, timedelta

from cache.entry import Entry, Key
from cache.failures import LocalFailures
from cache.leases import LocalLeases
from cache.memory_tier import MemoryTier
from cache.null_tier import NullTier
from cache.observer import NullObserver
from cache.readthrough import ReadThrough
from cache.spool import NullSpool
from core.generations.sweeper import Sweeper
from core.models import Generation, RawPicture
from core.pictures import entry_of
from core.purging.ports import NoPurges
from tests.core.fakes import (
    CountingMeter,
    DictStore,
    RecordedGenerations,
    RecordedLedger,
    open_generation,
    prepare,
)
from tests.core.rest_fakes import adoption_over

KEY = Key("5" * 32, "1" * 64)
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


def cache_over(store: DictStore) -> ReadThrough:
    return ReadThrough(
        memory=MemoryTier(2**20),
        near=NullTier(),
        store=store,
        leases=LocalLeases(),
        failures=LocalFailures(),
        spool=NullSpool(),
        observer=NullObserver(),
    )


class Office:
    """A sweeper over records and a store that can be looked at."""

    def __init__(self, watch: NoPurges | None = None) -> None:
        self.log: list[str] = []
        self.store = DictStore()
        self.generations = RecordedGenerations(self.log)
        self.ledger = RecordedLedger(self.log)
        self.meter = CountingMeter()
        self.sweeper = Sweeper(
            cache=cache_over(self.store),
            generations=self.generations,
            ledger=self.ledger,
            meter=self.meter,
            adoption=adoption_over(self.generations),
            patience=600,
            watch=watch,
        )

    def leave(self, **changes: object) -> str:
        left = open_generation(KEY.identity, KEY.slot, **{"created_at": LONG_AGO, **changes})
        self.generations.rows[left.id] = left
        self.ledger.reserved[left.id] = 3000
        return left.id


async def picture_by(generation_id: str) -> Entry:
    verified = await prepare(RawPicture(b"bytes", 3000), "1:1", "replicate")
    return entry_of(
        KEY.identity,
        verified,
        image_id="image-1",
        generation_id=generation_id,
        generator="replicate",
        stand_in=False,
        created_at=1_700_000_000,
    )


async def test_an_abandoned_generation_is_failed_and_stays_paid() -> None:
    office = Office()
    left = office.leave(job_id="job-1")
    assert await office.sweeper.sweep() == 1
    assert office.generations.rows[left].error_code == "ABANDONED"
    assert office.ledger.settled == {left: 3000}
    assert office.meter.duplicates == 1


async def test_one_that_never_began_is_failed_and_its_money_left_to_the_ledger() -> None:
    office = Office()
    left = office.leave(status="pending")
    assert await office.sweeper.sweep() == 1
    assert office.generations.rows[left].error_code == "ABANDONED"
    assert office.ledger.settled == {}
    assert office.meter.duplicates == 0


async def test_a_later_attempt_is_settled_on_its_own_account() -> None:
    office = Office()
    left = office.leave(job_id="job-1", attempt=2)
    office.ledger.reserved = {left: 1000, f"{left}#1": 2000, f"{left}#2": 3000}
    await office.sweeper.sweep()
    assert office.ledger.settled == {f"{left}#2": 3000}


async def test_a_stored_picture_finishes_its_record() -> None:
    office = Office()
    left = office.leave(job_id="job-1")
    office.store.entries[KEY.slot] = await picture_by(left)
    await office.sweeper.sweep()
    assert office.generations.rows[left].status == "success"
    assert office.generations.images["image-1"].generation_id == left
    assert office.ledger.settled == {left: 3000}
    assert office.meter.duplicates == 0


async def test_a_stored_picture_that_was_purged_meanwhile_finishes_its_record_and_goes() -> None:
    class Purged(NoPurges):
        async def struck_since(self, generation: Generation, number: int) -> bool:
            return True

    office = Office(Purged())
    left = office.leave(job_id="job-1")
    office.store.entries[KEY.slot] = await picture_by(left)
    await office.sweeper.sweep()
    assert office.store.entries == {}
    assert office.generations.rows[left].status == "success"
    assert office.generations.images["image-1"].deleted_at is not None
    assert office.ledger.settled == {left: 3000}


async def test_somebody_elses_picture_does_not_finish_the_record() -> None:
    office = Office()
    left = office.leave(job_id="job-1")
    office.store.entries[KEY.slot] = await picture_by("another")
    await office.sweeper.sweep()
    assert office.generations.rows[left].status == "failed"


async def test_a_running_generation_is_left_alone() -> None:
    office = Office()
    left = office.leave(created_at=datetime.now(UTC))
    assert await office.sweeper.sweep() == 0
    assert office.generations.rows[left].status == "processing"


async def test_one_that_never_began_is_failed_and_costs_nothing() -> None:
    office = Office()
    left = office.leave(status="pending", origin="rest")
    assert await office.sweeper.sweep() == 1
    assert office.generations.rows[left].error_code == "ABANDONED"
    assert office.ledger.settled == {}
    assert office.meter.duplicates == 0


async def test_one_that_waited_for_anothers_picture_gets_it_after_all() -> None:
    office = Office()
    left = office.leave(status="pending", origin="rest")
    office.store.entries[KEY.slot] = await picture_by("another")
    await office.sweeper.sweep()
    row = office.generations.rows[left]
    assert (row.status, row.cached, row.output_image_id) == ("success", True, "image-1")
    assert office.generations.images["image-1"].generation_id == "another"
    assert office.ledger.settled == {}
