"""Makes one derivative in a worker thread, puts it on record, and lets go of what was purged."""

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from cache.entry import Entry, Key
from cache.tier import Lease
from core.derivatives.facts import Facts
from core.derivatives.keys import meta_of
from core.derivatives.ports import DerivativeBook, DerivativeMeter, Stored
from core.derivatives.watching import Watch
from core.errors import Busy, EdgeError, RecordsUnavailable
from core.failures import shared
from core.imaging import decoded, derived, reduction
from core.imaging.masters import DecodedMasters
from core.imaging.workers import Workers
from core.pictures import UPLOADED
from core.variants import Variant


@dataclass(frozen=True, slots=True)
class Studio:
    """What making a derivative takes. At most ``per_master`` of one master are stored."""

    workers: Workers
    masters: DecodedMasters
    book: DerivativeBook
    watch: Watch
    meter: DerivativeMeter
    per_master: int


@dataclass(frozen=True, slots=True)
class Job:
    """One derivative of the master with these bytes; ``key`` is where it will stand.

    ``since`` is where the journal of purges stood when the master was at hand, which may be long
    before the work begins; None: the records did not say.
    """

    project_id: str
    key: Key
    facts: Facts
    body: bytes
    variant: Variant
    since: int | None


class Making:
    """The fill of one flight."""

    payer = "derivatives"

    def __init__(self, job: Job, studio: Studio) -> None:
        self._job = job
        self._studio = studio
        self._row: Stored | None = None
        self._log = structlog.get_logger("derivatives")

    async def __call__(self, lease: Lease) -> Entry:
        """Make it. Raises FillFailed."""
        del lease
        try:
            return await self._make()
        except Busy as busy:
            raise shared(busy) from busy
        except Exception as error:
            # Masters were proven sound when they were stored: whatever it is, it is ours.
            self._log.exception("derivative_failed", master=self._job.facts.key.slot)
            raise shared(EdgeError()) from error

    async def landed(self, entry: Entry, *, first: bool, stored: bool) -> bool:
        """Whether the master was purged meanwhile: then nothing of it may stay."""
        del entry, first
        row, since = self._row, self._job.since
        if row is None or since is None or not stored:
            return False
        struck = await self._studio.watch.struck(row.project_id, row.master_slot, since)
        if struck:
            try:
                await self._studio.book.remove([row])
            except RecordsUnavailable:
                # A row without bytes harms nobody: tidying removes it.
                self._log.warning("derivative_row_stays", slot=row.slot)
        return struck

    async def _make(self) -> Entry:
        job, studio = self._job, self._studio
        body, digest, seconds = await studio.workers.run(self._render)
        studio.meter.made(job.variant.format, seconds)
        kept = await self._recorded(len(body))
        meta = meta_of(job.facts, job.variant, digest, kept=kept)
        return Entry(job.key.identity, body, meta)

    async def _recorded(self, size: int) -> bool:
        """Whether it may be stored: whatever stands in the store is on record first."""
        if self._job.since is None:
            return False
        job, now = self._job, datetime.now(UTC)
        row = Stored(
            slot=job.key.slot,
            identity=job.key.identity,
            project_id=job.project_id,
            master_slot=job.facts.key.slot,
            master_identity=job.facts.key.identity,
            file_size=size,
            created_at=now,
            used_at=now,
        )
        try:
            noted = await self._studio.book.note(row, at_most=self._studio.per_master)
        except RecordsUnavailable:
            return False
        self._row = row if noted else None
        return noted

    def _render(self) -> tuple[bytes, str, float]:
        """In a worker thread: the file, its sha256 in hex, and the seconds it took."""
        began = time.perf_counter()
        job, facts = self._job, self._job.facts
        master = facts.picture
        size, encoding = (master.width, master.height), facts.encoding
        fraction = reduction(encoding, size, job.variant.layout)
        image = self._studio.masters.of(
            master.digest, fraction, lambda: decoded(job.body, encoding, fraction)
        )
        generator = None if master.generator == UPLOADED else master.generator
        body = derived(image, size, job.variant, color=master.dominant_color, generator=generator)
        return body, hashlib.sha256(body).hexdigest(), time.perf_counter() - began
