"""Opens the records: the schema in place, and one repository per noun."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.records.database import Database, database_time, open_database
from core.records.deliveries import SqlDeliveries
from core.records.derivatives import SqlDerivatives
from core.records.flows import SqlFlowLibrary
from core.records.generations import SqlGenerations
from core.records.idempotency import SqlIdempotencyKeys
from core.records.images import SqlImageLibrary
from core.records.inventory import SqlInventory
from core.records.keys import SqlKeys
from core.records.ledger import Clock, SqlLedger
from core.records.leftovers import SqlLeftovers
from core.records.library import SqlGenerationLibrary
from core.records.live_pictures import SqlLivePictures
from core.records.location import locate
from core.records.purges import SqlPurges
from core.records.retention import SqlShelf
from core.records.schema import migrate
from core.records.scopes import SqlScopeLibrary
from core.records.tenants import SqlTenants
from core.records.usage import SqlUsage


@dataclass(frozen=True, slots=True)
class Records:
    """``database`` is for tools that look at all of it: backups, consistency checks."""

    database: Database
    tenants: SqlTenants
    keys: SqlKeys
    generations: SqlGenerations
    ledger: SqlLedger
    library: SqlGenerationLibrary
    images: SqlImageLibrary
    flows: SqlFlowLibrary
    idempotency: SqlIdempotencyKeys
    inventory: SqlInventory
    shelf: SqlShelf
    scopes: SqlScopeLibrary
    live_pictures: SqlLivePictures
    purges: SqlPurges
    usage: SqlUsage
    derivatives: SqlDerivatives
    deliveries: SqlDeliveries
    leftovers: SqlLeftovers

    async def ping(self) -> None:
        """Raises RecordsUnavailable when the database does not answer."""
        async with self.database.reading() as connection:
            await database_time(connection)


def utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_records(
    database_url: str | None,
    data_folder: Path,
    *,
    clock: Callable[[], datetime] = utc_now,
    ledger_clock: Clock = database_time,
    claim_patience: timedelta = timedelta(minutes=10),
    announces: bool = False,
) -> AsyncIterator[Records]:
    """The records at DATABASE_URL, or in a SQLite file of the data folder.

    Missing revisions of the schema are applied first. Raises RecordsUnusable when this database
    must not be used (newer schema, no write-ahead log, an unknown scheme), RecordsUnavailable
    when it does not answer. ``claim_patience``: two generation deadlines, after which a request
    with an Idempotency-Key that was never answered may be done again. ``announces``: CDNs are
    told of purges, so each leaves a delivery to be sent.
    """
    location = locate(database_url, data_folder)
    await migrate(location)
    async with open_database(location, announces=announces) as database:
        yield records_over(database, clock, ledger_clock, claim_patience)


def records_over(
    database: Database, clock: Callable[[], datetime], ledger_clock: Clock, patience: timedelta
) -> Records:
    """One repository per noun; ``patience`` is the ``claim_patience`` of open_records."""
    images = SqlImageLibrary(database, clock)
    return Records(
        database=database,
        tenants=SqlTenants(database, clock),
        keys=SqlKeys(database, clock),
        generations=SqlGenerations(database, clock),
        ledger=SqlLedger(database, ledger_clock),
        library=SqlGenerationLibrary(database, clock),
        images=images,
        flows=SqlFlowLibrary(database, clock),
        idempotency=SqlIdempotencyKeys(database, patience),
        inventory=SqlInventory(database, images),
        shelf=SqlShelf(database),
        scopes=SqlScopeLibrary(database, clock),
        live_pictures=SqlLivePictures(database, clock),
        purges=SqlPurges(database, clock),
        usage=SqlUsage(database, ledger_clock),
        derivatives=SqlDerivatives(database),
        deliveries=SqlDeliveries(database, ledger_clock),
        leftovers=SqlLeftovers(database),
    )
