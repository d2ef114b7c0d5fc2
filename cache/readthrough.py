"""The cache's face: recall from memory, look up in the tiers, fetch what is absent."""

import time
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from cache.entry import Entry, Key
from cache.errors import FillFailed, NotAdmitted
from cache.filling import Filling
from cache.flight import Flights
from cache.memory_tier import MemoryTier
from cache.observer import Observer
from cache.placing import Place
from cache.search import Condition, Found, How, Search
from cache.spool import Spool
from cache.tier import Failures, Fill, Leases, Store, Tier

__all__ = ["Found", "How", "ReadThrough"]


class ReadThrough:
    """Reads through memory, the near tier and the store to a fill, each key in one flight.

    ``max_flights`` bounds the fills under way, ``max_lookups`` the lookups, ``max_waiters`` the
    callers of one flight; ``patience`` is how long a flight waits for leases held elsewhere, in
    seconds.
    """

    def __init__(
        self,
        *,
        memory: MemoryTier,
        near: Tier,
        store: Store,
        leases: Leases,
        failures: Failures,
        spool: Spool,
        observer: Observer,
        patience: float = 330.0,
        max_flights: int = 2_000,
        max_lookups: int = 10_000,
        max_waiters: int = 5_000,
    ) -> None:
        self._observer = observer
        self._search = Search(memory=memory, near=near, store=store, spool=spool, observer=observer)
        self._filling = Filling(
            search=self._search,
            leases=leases,
            failures=failures,
            observer=observer,
            patience=patience,
        )
        # Named by the whole key: two identities in one slot must not share a flight.
        self._lookups: Flights[Found | None] = Flights(
            max_flights=max_lookups, max_waiters=max_waiters
        )
        self._fills: Flights[Found] = Flights(max_flights=max_flights, max_waiters=max_waiters)

    def recall(self, key: Key) -> Entry | None:
        """The entry from this process's memory. Touches no network."""
        entry = self._search.recall(key)
        if entry is not None:
            self._observer.hit("memory")
        return entry

    def remembers(self, key: Key, body: bytes) -> bool:
        """Whether these very bytes stand in memory; nobody is counted as served."""
        entry = self._search.recall(key)
        return entry is not None and entry.body is body

    def repeats(self, key: Key, body: bytes) -> bool:
        """The same, and when they do, one more is counted as served from memory."""
        entry = self.recall(key)
        return entry is not None and entry.body is body

    async def lookup(self, key: Key) -> Found | None:
        """The entry from the nearest tier that has it; None only for a definite absence.

        However many look at once, each tier is asked once. Raises TierUnavailable, EntryCorrupt
        (both about the store), FlightsFull.
        """
        entry = self.recall(key)
        if entry is not None:
            return Found(entry, "memory", "hit")
        flight, _ = self._lookups.board(key, lambda: self._search.find(key))
        await flight.wait(None)
        found = flight.result()
        if found is None:
            self._observer.missed()
        else:
            self._observer.hit(found.tier)
        return found

    async def locate(self, key: Key) -> Found | None:
        """As lookup, for whoever only wants to know: nothing is copied, nobody counted as served.

        Raises TierUnavailable, EntryCorrupt (both about the store).
        """
        return await self._search.locate(key)

    async def fetch(self, key: Key, fill: Fill, *, wait: float) -> Found | None:
        """The entry, made by ``fill`` if nobody else has it; None when ``wait`` seconds ran out.

        The flight goes on without its callers; ``wait=0`` starts it and returns at once. Raises
        the ``cause`` of NotAdmitted when it concerns this fill's payer, FillFailed, FlightsFull,
        Draining, FlightBroken, CoordinatorUnavailable, TierUnavailable, EntryCorrupt.
        """
        deadline = time.monotonic() + wait
        while True:
            entry = self.recall(key)
            if entry is not None:
                return Found(entry, "memory", "hit")
            try:
                return await self._fly(key, fill, max(0.0, deadline - time.monotonic()))
            except NotAdmitted:
                # It concerned somebody else, whose flight this was; now board the next one.
                continue

    def in_flight(self, key: Key) -> bool:
        """Whether a fill of this key is under way in this process."""
        return key in self._fills

    async def put(self, key: Key, entry: Entry) -> Entry:
        """Store an entry somebody brought; what now stands under the key: it, or an earlier one.

        Raises TierUnavailable, EntryCorrupt (both about the store).
        """
        if entry.identity != key.identity:
            raise ValueError("the entry is of another identity")
        return (await self._search.put(key, entry)).entry

    @asynccontextmanager
    async def placing(self, key: Key) -> AsyncIterator[Place]:
        """The exclusive right to say what stands under the key, also against fills elsewhere.

        Raises CoordinatorUnavailable.
        """
        async with self._filling.holding(key) as lease:
            yield Place(key, lease, self._search)

    async def remembered(self, key: Key) -> FillFailed | None:
        """The failure for which filling this key is not tried again yet."""
        return await self._filling.remembered(key)

    async def forgive(self, key: Key) -> None:
        """Forget a failure that is remembered: somebody asks for another try on purpose."""
        await self._filling.forgive(key)

    async def forget(self, key: Key, condition: Condition = lambda _: True) -> bool:
        """Delete the entry from every tier, if there is one for which ``condition`` holds.

        Whether there was. Raises TierUnavailable.
        """
        return await self._search.forget(key, condition)

    async def evict(self, keys: Collection[Key] | None) -> None:
        """Drop the copies of these keys from this process's memory and the near tier; None: all
        that memory holds. What is being read right now is not put back. Never raises."""
        await self._search.evict(keys)

    async def evict_owed(self) -> int:
        """Try again to drop what the near tier would not; how many are left. Never raises."""
        return await self._search.evict_owed()

    async def unspool(self, keys: Iterable[Key]) -> None:
        """Forget what this process alone holds of these keys, because the store refused it, and
        what the store took from here after all. Raises TierUnavailable."""
        await self._search.unspool(keys)

    async def drain(self, seconds: float) -> int:
        """Start no new fills and wait for those under way; how many had to be cut short.

        Lookups go on: what is stored is still served.
        """
        return await self._fills.drain(seconds)

    async def _fly(self, key: Key, fill: Fill, wait: float) -> Found | None:
        flight, started = self._fills.board(key, lambda: self._filling.run(key, fill))
        if started:
            self._observer.flight_started()
        else:
            self._observer.joined()
        if not await flight.wait(wait):
            return None
        try:
            found = flight.result()
        except NotAdmitted as refusal:
            if started or refusal.concerns(fill.payer):
                raise refusal.cause.with_traceback(None) from None
            raise
        if not started and found.how == "miss":
            return replace(found, how="coalesced")
        return found
