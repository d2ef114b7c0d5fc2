"""The durable store in a directory: one file per slot, whoever links it first decides."""

import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from cache.codec import decode, encode
from cache.entry import Entry
from cache.errors import TierUnavailable

Result = TypeVar("Result")

# Files here are not finished; older ones than this, in seconds, were left by a crash.
_INCOMING = "incoming"
_LEFTOVER = 3600.0
# Proof that this is the directory and not the empty place where its volume should be mounted:
# without it every picture ever paid for would look absent.
_MARKER = "format"


@asynccontextmanager
async def directory_tier(
    root: Path, *, reads: int = 16, writes: int = 8
) -> AsyncIterator["DirectoryTier"]:
    """Make the directory if need be, remove a crash's leftovers, and open it.

    Raises TierUnavailable with a sentence when it cannot serve as a store.
    """
    try:
        await to_thread.run_sync(_prepare, root)
    except OSError as error:
        raise TierUnavailable(
            f"{root} cannot hold pictures ({error.strerror}): "
            "it must be writable and on a file system with hard links"
        ) from error
    yield DirectoryTier(root, reads=reads, writes=writes)


class DirectoryTier:
    """A store under ``root``; at most ``reads`` and ``writes`` run at once, in threads."""

    name = "store"

    def __init__(self, root: Path, *, reads: int, writes: int) -> None:
        self._root = root
        self._reads = CapacityLimiter(reads)
        self._writes = CapacityLimiter(writes)

    async def get(self, slot: str) -> Entry | None:
        stored = await self._run(lambda: self._read(slot), self._reads)
        return None if stored is None else decode(stored)

    async def put_first(self, slot: str, entry: Entry) -> Entry:
        stored = encode(entry)
        if await self._run(lambda: self._link(slot, stored), self._writes):
            return entry
        winner = await self.get(slot)
        if winner is None:
            raise TierUnavailable("the file that was first has vanished")
        return winner

    async def replace(self, slot: str, entry: Entry) -> None:
        stored = encode(entry)
        await self._run(lambda: self._swap(slot, stored), self._writes)

    async def delete(self, slot: str) -> None:
        path = self.path_of(slot)
        await self._run(lambda: path.unlink(missing_ok=True), self._writes)

    async def slots(self) -> AsyncIterator[str]:
        """Every slot with a file, a folder at a time; what is written meanwhile may be missed."""
        for folder in await self._run(self._folders, self._reads):
            for slot in await self._run(partial(self._slots_below, folder), self._reads):
                yield slot

    async def _run(self, work: Callable[[], Result], limiter: CapacityLimiter) -> Result:
        try:
            return await to_thread.run_sync(work, limiter=limiter)
        except OSError as error:
            raise TierUnavailable(f"the directory gave no answer: {error}") from error

    def path_of(self, slot: str) -> Path:
        return self._root / slot[:2] / slot[2:4] / slot

    def _read(self, slot: str) -> bytes | None:
        try:
            return self.path_of(slot).read_bytes()
        except FileNotFoundError:
            # Raises when the volume is gone: that is no absence of one picture.
            (self._root / _MARKER).stat()
            return None

    def _folders(self) -> list[Path]:
        (self._root / _MARKER).stat()
        return [path for path in self._root.iterdir() if path.is_dir() and path.name != _INCOMING]

    def _slots_below(self, folder: Path) -> list[str]:
        files = [path for path in folder.glob("*/*") if path.is_file()]
        return [path.name for path in files if path == self.path_of(path.name)]

    def _link(self, slot: str, stored: bytes) -> bool:
        """False when somebody else was first."""
        final = self.path_of(slot)
        (self._root / _MARKER).stat()
        _make_folder(final.parent)
        incoming = self._root / _INCOMING / secrets.token_hex(16)
        try:
            _write_down(incoming, stored)
            # Not a rename: a link fails where a file stands, so exactly one writer is first.
            os.link(incoming, final)
        except FileExistsError:
            return False
        finally:
            incoming.unlink(missing_ok=True)
        _sync_folder(final.parent)
        return True

    def _swap(self, slot: str, stored: bytes) -> None:
        final = self.path_of(slot)
        (self._root / _MARKER).stat()
        _make_folder(final.parent)
        incoming = self._root / _INCOMING / secrets.token_hex(16)
        try:
            _write_down(incoming, stored)
            incoming.replace(final)
        finally:
            incoming.unlink(missing_ok=True)
        _sync_folder(final.parent)


def _prepare(root: Path) -> None:
    incoming = root / _INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    leftover = time.time() - _LEFTOVER
    for path in incoming.iterdir():
        # Another process may be cleaning, too.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < leftover:
                path.unlink()
    trial = incoming / secrets.token_hex(16)
    _write_down(trial, b"1\n")
    try:
        with suppress(FileExistsError):
            os.link(trial, root / _MARKER)
    finally:
        trial.unlink(missing_ok=True)
    _sync_folder(root)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    _sync_folder(folder.parent.parent)
    _sync_folder(folder.parent)


def _write_down(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """A name is durable only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
