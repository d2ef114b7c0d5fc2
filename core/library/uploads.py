"""Takes pictures in: proven sound, encoded anew, stored beside the generated ones, recorded."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread

from cache.entry import Entry, Key
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from core.errors import (
    AliasConflict,
    EdgeError,
    Gone,
    ImageCorrupt,
    ImageTooLarge,
    ImageTypeUnsupported,
)
from core.failures import public
from core.identity import key_of
from core.ids import new_id
from core.imaging import (
    Limits,
    PictureAnimated,
    PictureOversized,
    PictureRefused,
    PictureUnknown,
    reencode,
)
from core.models import Image, Project, VerifiedPicture
from core.pictures import UPLOADED, entry_of
from core.purging.ports import NoPurges, Tombstones
from core.rendering.slots import Slots
from core.rest_ports import FlowLibrary, ImageLibrary

FORMAT = "upload/1"
# Uploads that wait for room, on disk; whoever comes later is told so at once.
_WAITING = 64


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and what shall be said of it. The aliases are checked, ``flow_id`` is a UUID."""

    body: bytes
    alias: str | None = None
    flow_id: str | None = None
    flow_alias: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


def upload_key(project_path: str, body: bytes) -> Key:
    """The place of an uploaded file: the same bytes in one project are stored once."""
    digest = hashlib.sha256(body).hexdigest()
    parts = [FORMAT, project_path, digest]
    return key_of(json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii"))


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Uploads:
    """``limits`` bound one picture; as many are decoded at once as there are processors."""

    def __init__(
        self,
        images: ImageLibrary,
        flows: FlowLibrary,
        cache: ReadThrough,
        limits: Limits,
        *,
        clock: Callable[[], datetime] = _utc_now,
        tombstones: Tombstones | None = None,
    ) -> None:
        self._images = images
        self._flows = flows
        self._cache = cache
        self._limits = limits
        self._clock = clock
        self._tombstones = tombstones or NoPurges()
        processors = max(1, os.cpu_count() or 1)
        self._limiter = CapacityLimiter(processors)
        self._slots = Slots(running=2 * processors, waiting=_WAITING)

    @property
    def max_bytes(self) -> int:
        return self._limits.max_bytes

    def room(self) -> AbstractAsyncContextManager[None]:
        """Hold it while the bytes of one upload are in memory. Raises Busy when many wait."""
        return self._slots.take()

    async def take(self, project: Project, upload: Upload, *, move: bool = True) -> Image:
        """The new image's record; bytes that were uploaded before are not stored again.

        An unknown flow is made, and one of its own for a flow alias without a flow. Raises
        ImageTypeUnsupported, ImageCorrupt, ImageTooLarge, StoreDown; Gone when these bytes were
        taken down for good; AliasConflict when an alias is another image's and may not be moved.
        """
        if not move:
            await self._ensure_free(project.id, upload)
        key = upload_key(project.path, upload.body)
        image_id = new_id()
        entry = await self._stored(project, key, upload.body, image_id)
        flow_id = upload.flow_id or (new_id() if upload.flow_alias else None)
        if flow_id is not None:
            await self._flows.ensure(project.id, flow_id)
        image = self._record(project, upload, key, entry, image_id=image_id, flow_id=flow_id)
        await self._images.insert(image, flow_alias=upload.flow_alias)
        return image

    async def _ensure_free(self, project_id: str, upload: Upload) -> None:
        """Looked up before, not within the insert: a claim in between moves the alias after all."""
        holders = []
        if upload.alias is not None:
            holders.append(await self._images.by_project_alias(project_id, upload.alias))
        if upload.flow_alias is not None and upload.flow_id is not None:
            named = await self._images.by_flow_alias(project_id, upload.flow_id, upload.flow_alias)
            holders.append(named)
        if any(holder is not None for holder in holders):
            raise AliasConflict

    async def _stored(self, project: Project, key: Key, body: bytes, image_id: str) -> Entry:
        try:
            found = await self._cache.lookup(key)
            if found is not None and found.stored:
                return await self._allowed(project, key, found.entry)
            if await self._tombstones.stands(project.id, key.identity):
                raise Gone
            entry = entry_of(
                key.identity,
                await self._sound(body),
                image_id=image_id,
                generation_id="",
                generator=UPLOADED,
                stand_in=False,
                created_at=int(time.time()),
            )
            return await self._allowed(project, key, await self._cache.put(key, entry))
        except CacheError as error:
            raise public(error) from error

    async def _allowed(self, project: Project, key: Key, entry: Entry) -> Entry:
        """Asked once it stands: a take-down that came before did not find it there.

        Raises Gone, TierUnavailable.
        """
        if await self._tombstones.stands(project.id, key.identity):
            await self._cache.forget(key)
            raise Gone
        return entry

    async def _sound(self, body: bytes) -> VerifiedPicture:
        work = partial(reencode, body, self._limits)
        try:
            return await to_thread.run_sync(work, limiter=self._limiter)
        except PictureRefused as refusal:
            raise _refusal(refusal) from None

    def _record(
        self,
        project: Project,
        upload: Upload,
        key: Key,
        entry: Entry,
        *,
        image_id: str,
        flow_id: str | None,
    ) -> Image:
        now, facts = self._clock(), entry.meta
        return Image(
            id=image_id,
            project_id=project.id,
            source="uploaded",
            slot=key.slot,
            identity=key.identity,
            mime_type=facts["type"],
            file_size=len(entry.body),
            width=int(facts["width"]),
            height=int(facts["height"]),
            digest=facts["digest"],
            thumb_hash=facts["thumbHash"],
            dominant_color=facts["color"],
            origin="rest",
            created_at=now,
            updated_at=now,
            flow_id=flow_id,
            alias=upload.alias,
            meta=upload.meta,
        )


def _refusal(refused: PictureRefused) -> EdgeError:
    """Bytes of a caller's are the caller's to mend; the same bytes of a provider's are a 502."""
    match refused:
        case PictureUnknown():
            return ImageTypeUnsupported()
        case PictureAnimated():
            return ImageTooLarge("The picture is animated. Send a single frame.")
        case PictureOversized():
            return ImageTooLarge()
    return ImageCorrupt()
