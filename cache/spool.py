"""Where paid entries wait while the store refuses them."""

import asyncio
import logging
import os
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from anyio import to_thread

from cache.codec import decode, encode
from cache.entry import Entry, Key
from cache.errors import EntryCorrupt

_UNFINISHED = ".new"
# Entries the store took from here, of which a purge that comes late must know.
_REMEMBERED = 10_000

# Whether an entry that an earlier run left here at this moment, in unix seconds, may still be
# stored and served; None while that cannot be said. Must not raise.
Wanted = Callable[[Key, Entry, float], Awaitable[bool | None]]


async def any_entry(key: Key, entry: Entry, since: float) -> bool | None:  # noqa: ARG001 - of Wanted
    """Where nothing is ever taken away."""
    return True


class Spool(Protocol):
    """Keeps what the store refused until it takes it."""

    async def put(self, key: Key, entry: Entry) -> bool:
        """Keep the entry; False when that failed, too. Never raises."""

    async def get(self, key: Key) -> Entry | None:
        """The entry, if it waits here. Never raises."""

    async def drop(self, key: Key) -> None:
        """Wait no longer with this one. Never raises."""

    def brought(self, key: Key) -> bool:
        """Whether the store took this one from here not long ago."""


class NullSpool:
    """Keeps nothing."""

    async def put(self, key: Key, entry: Entry) -> bool:  # noqa: ARG002 - the protocol's
        return False

    async def get(self, key: Key) -> Entry | None:  # noqa: ARG002 - the protocol's
        return None

    async def drop(self, key: Key) -> None: ...

    def brought(self, key: Key) -> bool:  # noqa: ARG002 - the protocol's
        return False


class DirectorySpool:
    """Files named ``<slot>-<identity>``, at most ``bound`` bytes of them.

    Nobody heard for the files of an earlier run what was taken away since: ``wanted`` is asked
    whenever one of them is read.
    """

    def __init__(self, folder: Path, *, bound: int, wanted: Wanted = any_entry) -> None:
        self._folder = folder
        self._bound = bound
        self._wanted = wanted
        self._sizes: dict[Key, int] = {}
        self._left: dict[Key, float] = {}
        self._brought: OrderedDict[Key, None] = OrderedDict()
        self._log = logging.getLogger(__name__)
        self.filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def used(self) -> int:
        """Bytes that wait here."""
        return sum(self._sizes.values())

    async def load(self) -> None:
        """Find what an earlier run left. Raises OSError when the folder cannot be used."""
        found = await to_thread.run_sync(_scan, self._folder)
        self._sizes = {key: size for key, (size, _) in found.items()}
        self._left = {key: since for key, (_, since) in found.items()}
        if self._sizes:
            self._log.warning("%d entries still wait for the store", len(self._sizes))
            self.filled.set()

    async def put(self, key: Key, entry: Entry) -> bool:
        stored = encode(entry)
        if self.used + len(stored) > self._bound:
            self._log.error("the spool is full, an entry of %s is not kept", key.slot)
            return False
        try:
            await to_thread.run_sync(_write_down, self._path_of(key), stored)
        except OSError as error:
            self._log.error("the spool cannot be written: %s", error)
            return False
        self._sizes[key] = len(stored)
        self._left.pop(key, None)
        self.filled.set()
        return True

    async def get(self, key: Key) -> Entry | None:
        if key not in self._sizes:
            return None
        try:
            entry = decode(await to_thread.run_sync(self._path_of(key).read_bytes))
        except (OSError, EntryCorrupt) as error:
            self._log.error("an entry in the spool cannot be read: %s", error)
            self._sizes.pop(key, None)
            return None
        return entry if await self.keeps(key, entry) else None

    async def keeps(self, key: Key, entry: Entry) -> bool:
        """Whether this entry waits here and may be stored; what is no longer wanted is dropped."""
        since = self._left.get(key)
        if since is None:
            return self.holds(key)
        wanted = await self._wanted(key, entry, since)
        if wanted is False and self._left.get(key) == since:
            self._log.warning("an entry of %s was taken away while nobody was here", key.slot)
            await self.drop(key)
        return wanted is True and self.holds(key)

    async def drop(self, key: Key) -> None:
        self._sizes.pop(key, None)
        self._left.pop(key, None)
        with suppress(OSError):
            await to_thread.run_sync(self._path_of(key).unlink)

    def waiting(self) -> list[Key]:
        return list(self._sizes)

    def holds(self, key: Key) -> bool:
        return key in self._sizes

    def note_brought(self, key: Key) -> None:
        """The store has it now."""
        self._brought[key] = None
        if len(self._brought) > _REMEMBERED:
            self._brought.popitem(last=False)

    def brought(self, key: Key) -> bool:
        return key in self._brought

    def _path_of(self, key: Key) -> Path:
        return self._folder / f"{key.slot}-{key.identity}"


def _scan(folder: Path) -> dict[Key, tuple[int, float]]:
    """Bytes, and since when they wait."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for path in folder.iterdir():
        slot, _, identity = path.name.partition("-")
        if identity and not path.name.endswith(_UNFINISHED):
            facts = path.stat()
            found[Key(slot, identity)] = (facts.st_size, facts.st_mtime)
    return found


def _write_down(path: Path, stored: bytes) -> None:
    unfinished = path.with_name(f"{secrets.token_hex(16)}{_UNFINISHED}")
    try:
        with unfinished.open("xb") as file:
            file.write(stored)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
