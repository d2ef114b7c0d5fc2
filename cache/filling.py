"""What one flight does to fill a slot: lease, look again, fill, keep, let go."""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from cache.entry import Entry, Key
from cache.errors import CoordinatorUnavailable, FillFailed, LeaseLost, NotAdmitted
from cache.observer import Observer
from cache.search import Found, How, Kept, Search
from cache.tier import Failures, Fill, Lease, Leases


class Filling:
    """Fills absent slots, each by one process at a time.

    ``patience`` is how long, in seconds, a flight waits for leases held elsewhere.
    """

    def __init__(
        self,
        *,
        search: Search,
        leases: Leases,
        failures: Failures,
        observer: Observer,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._search = search
        self._leases = leases
        self._failures = failures
        self._observer = observer
        self._patience = patience
        self._clock = clock
        self._log = logging.getLogger(__name__)

    async def run(self, key: Key, fill: Fill) -> Found:
        """The entry: found after all, made elsewhere meanwhile, or made here.

        Raises FillFailed, NotAdmitted, CoordinatorUnavailable, TierUnavailable, EntryCorrupt.
        """
        patient_until = self._clock() + self._patience
        await self._raise_remembered(key)
        how: How = "hit"
        while True:
            lease = await self._acquire(key)
            if isinstance(lease, Found):
                return replace(lease, how=how)
            if lease is None:
                how = "coalesced"
                found = await self._await_other(key, patient_until)
                if found is not None:
                    return found
                continue
            try:
                return await self._fill_holding(key, fill, lease, how)
            except LeaseLost:
                # Nothing was started; whoever has the lease now will finish, or we try again.
                self._observer.filled("lost")
                self._ensure_patient(patient_until)
                how = "coalesced"
            finally:
                await lease.release()

    async def remembered(self, key: Key) -> FillFailed | None:
        """The failure for which this slot is not filled for a while yet."""
        return await self._failures.recall(key.identity)

    async def forgive(self, key: Key) -> None:
        """Drop what is remembered against filling this slot. Never raises."""
        # Recalled first, because a failure nobody here has seen is not looked for.
        await self._failures.recall(key.identity)
        await self._failures.forget(key.identity)

    @asynccontextmanager
    async def holding(self, key: Key) -> AsyncIterator[Lease]:
        """The lease of the key's slot: nobody fills it meanwhile.

        Raises CoordinatorUnavailable, also when it does not become free in time.
        """
        patient_until = self._clock() + self._patience
        while (lease := await self._leases.acquire(key.slot)) is None:
            self._ensure_patient(patient_until)
            await self._leases.wait(key.slot)
        try:
            yield lease
        finally:
            await lease.release()

    async def _acquire(self, key: Key) -> Lease | Found | None:
        """Without a coordinator what is stored still answers; nothing is filled."""
        try:
            return await self._leases.acquire(key.slot)
        except CoordinatorUnavailable:
            found = await self._search.find(key)
            if found is None:
                raise
            return found

    async def _await_other(self, key: Key, patient_until: float) -> Found | None:
        """Wait until the lease is free, then look again. None: still absent, so take over."""
        began = self._clock()
        try:
            self._ensure_patient(patient_until)
            while not await self._leases.wait(key.slot):
                self._ensure_patient(patient_until)
        except CoordinatorUnavailable:
            found = await self._search.find(key)
            if found is None:
                raise
            return replace(found, how="coalesced")
        finally:
            self._observer.lease_waited(self._clock() - began)
        found = await self._search.find(key)
        if found is not None:
            return replace(found, how="coalesced")
        await self._raise_remembered(key)
        return None

    async def _fill_holding(self, key: Key, fill: Fill, lease: Lease, how: How) -> Found:
        # Look again: between the miss and the lease somebody may have filled and let go, or failed.
        found = await self._search.find(key)
        if found is not None:
            return replace(found, how=how)
        await self._raise_remembered(key)
        if how == "coalesced":
            self._observer.took_over()
        mark = self._search.mark
        entry = await self._make(key, fill, lease)
        if entry.identity != key.identity:
            raise ValueError("the fill made an entry of another identity")
        kept = await self._search.keep(key, entry)
        purged = await self._tell(fill, kept)
        if not purged:
            await self._search.spread(key, kept, mark)
        elif kept.first:
            await self._search.discard(key, kept)
        await self._failures.forget(key.identity)
        self._observer.filled(_outcome(first=kept.first, stored=kept.stored))
        return Found(kept.entry, "fill", "miss", stored=kept.stored, purged=purged)

    async def _make(self, key: Key, fill: Fill, lease: Lease) -> Entry:
        try:
            return await fill(lease)
        except FillFailed as failure:
            self._observer.filled("failed")
            await self._failures.remember(key.identity, failure)
            # As it is remembered, so that everybody is told the same time to come back.
            raise await self._failures.recall(key.identity) or failure from failure
        except NotAdmitted:
            self._observer.filled("refused")
            raise
        except LeaseLost:
            raise
        except BaseException:
            self._observer.filled("crashed")
            raise

    async def _tell(self, fill: Fill, kept: Kept) -> bool:
        """Whether the entry was purged while it was being made."""
        try:
            return bool(await fill.landed(kept.entry, first=kept.first, stored=kept.stored))
        except Exception:  # noqa: BLE001 - whatever it is, it must not cost the caller the entry
            # Against its word; but the entry is paid for and stands, so it is served.
            self._log.exception("landed failed in slot %s", kept.slot)
            return False

    async def _raise_remembered(self, key: Key) -> None:
        failure = await self._failures.recall(key.identity)
        if failure is not None:
            raise failure

    def _ensure_patient(self, until: float) -> None:
        if self._clock() >= until:
            raise CoordinatorUnavailable("the lease did not become free in time")


def _outcome(*, first: bool, stored: bool) -> str:
    if not stored:
        return "unstored"
    return "stored" if first else "duplicate"
