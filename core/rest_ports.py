"""What the REST services need from the records; every call names the project."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from core.listing import Listing, Window
from core.models import ApiKey, Flow, Generation, Image, Project, Status, StoredAnswer


class GenerationLibrary(Protocol):
    """Generations as REST sees them. Deleted ones are absent unless asked for."""

    async def insert(self, generation: Generation) -> None:
        """A new row in the status it has (``pending``)."""

    async def find(self, project_id: str, generation_id: str) -> Generation | None: ...

    async def listed(
        self,
        project_id: str,
        window: Window,
        *,
        status: Status | None = None,
        flow_id: str | None = None,
        include_deleted: bool = False,
    ) -> Listing[Generation]:
        """Raises Invalid (cursor)."""

    async def restart(
        self, project_id: str, generation: Generation, *, expected: tuple[Status, ...]
    ) -> Generation | None:
        """Overwrite the row with ``generation`` (same id, status ``pending``), keeping the old
        attempt in the history; None when its status was none of ``expected``.

        Go on with what is returned: it carries the new ``attempt``, which names its account."""

    async def complete(
        self,
        project_id: str,
        generation_id: str,
        image_id: str,
        *,
        cached: bool,
        processing_ms: int,
        prompt: str,
    ) -> None:
        """Status ``success`` with a picture that exists already, at no cost: from ``pending``, or
        from ``failed`` as DUPLICATE. Any other status stays as it is. ``prompt`` is the text the
        picture was made from."""

    async def withdraw(
        self, project_id: str, generation_id: str, before: Generation | None
    ) -> None:
        """The attempt came to nothing before anything was spent: the row is again what it was
        ``before`` this attempt (which also leaves the history), or gone when there was none.
        Only from ``pending``, or from ``failed`` without a job."""

    async def edit(
        self,
        project_id: str,
        generation_id: str,
        *,
        flow_id: str | None,
        meta: Mapping[str, Any],
    ) -> Generation | None: ...

    async def cancel(self, project_id: str, generation_id: str) -> Generation | None:
        """Status ``cancelled`` from pending or processing; the row as it was before, or None."""

    async def delete(self, project_id: str, generation_id: str) -> Generation | None:
        """Soft, with its output image; the row, or None when there was none."""

    async def add_references(
        self, project_id: str, generation_id: str, image_ids: tuple[str, ...]
    ) -> None: ...


class ImageLibrary(Protocol):
    """Images. Deleted ones are absent unless asked for, and hold no alias."""

    async def insert(self, image: Image, *, flow_alias: str | None = None) -> None:
        """Insert, moving its alias (and ``flow_alias``) here from whoever holds it, in one
        transaction. Inserting the same id again changes nothing."""

    async def find(
        self, project_id: str, image_id: str, *, include_deleted: bool = False
    ) -> Image | None: ...

    async def of_identity(self, project_id: str, slot: str, identity: str) -> Image | None:
        """The newest image that stands, or stood, on these bytes and is not deleted."""

    async def shares_bytes(self, project_id: str, image: Image) -> bool:
        """Whether another image that is not deleted has the same ``identity``."""

    async def many(self, project_id: str, image_ids: tuple[str, ...]) -> dict[str, Image]: ...

    async def listed(
        self,
        project_id: str,
        window: Window,
        *,
        source: str | None = None,
        flow_id: str | None = None,
        alias: str | None = None,
        include_deleted: bool = False,
    ) -> Listing[Image]: ...

    async def edit(
        self,
        project_id: str,
        image_id: str,
        *,
        focal: tuple[float, float] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Image | None: ...

    async def assign_alias(
        self, project_id: str, image_id: str, alias: str | None, *, move: bool = True
    ) -> Image | None:
        """Give the project-level alias to this image, taking it from its holder in the same
        transaction; None removes it. Raises AliasConflict when ``move`` is false and another
        image holds it."""

    async def delete(self, project_id: str, image_id: str, *, hard: bool = False) -> Image | None:
        """Soft: the alias and its flow aliases become free. Hard: the row goes, also the row of
        an image that was soft-deleted before."""

    async def by_project_alias(self, project_id: str, alias: str) -> Image | None: ...

    async def by_flow_alias(self, project_id: str, flow_id: str, alias: str) -> Image | None: ...

    async def technical(self, project_id: str, flow_id: str, which: str) -> Image | None:
        """``@first``/``@last`` generated image of the flow, ``@upload`` the newest upload."""


class FlowLibrary(Protocol):
    """Flows are keyed by project and id, so nobody learns of another project's."""

    async def ensure(
        self, project_id: str, flow_id: str, *, meta: Mapping[str, Any] | None = None
    ) -> Flow:
        """The flow, created when unknown."""

    async def find(self, project_id: str, flow_id: str) -> Flow | None: ...

    async def listed(self, project_id: str, window: Window) -> Listing[Flow]: ...

    async def merge_aliases(
        self, project_id: str, flow_id: str, aliases: Mapping[str, str]
    ) -> Flow | None:
        """Add or move these; others stay. The images exist in the project: the caller checked,
        the transaction checks again (raises Invalid)."""

    async def remove_alias(self, project_id: str, flow_id: str, alias: str) -> Flow | None:
        """None for an unknown flow; raises NotFound("ALIAS") for an unknown alias."""

    async def delete(self, project_id: str, flow_id: str) -> bool:
        """Hard; its generations and images remain, without the flow."""


class IdempotencyKeys(Protocol):
    """Answers kept for 24 hours per project."""

    async def claim(
        self, project_id: str, key: str, request_digest: str, now: datetime
    ) -> StoredAnswer | None:
        """None: the caller holds it now and must settle or release it. Otherwise what is known;
        ``status`` is None while the first request is in progress (claims older than two
        generation deadlines are taken over)."""

    async def settle(self, project_id: str, key: str, status: int, body: bytes) -> None: ...

    async def release(self, project_id: str, key: str) -> None: ...


class KeyLibrary(Protocol):
    """API keys as administrators see them, of every project."""

    async def create(
        self,
        *,
        name: str,
        project: Project | None,
        scopes: Iterable[str],
        allowed_models: tuple[str, ...] | None,
        lifetime: timedelta | None,
    ) -> tuple[ApiKey, str]:
        """A new key and its secret; without a project a master key."""

    async def listed(self) -> list[ApiKey]:
        """All keys, newest first; also the expired and the revoked."""

    async def revoke(self, key_id: str) -> ApiKey:
        """The key, revoked now or earlier. Raises NotFound (KEY_NOT_FOUND)."""

    async def rotate(self, key_id: str, *, overlap: timedelta | None) -> tuple[ApiKey, str]:
        """A successor and its secret; the old key ends after ``overlap``, or when it is revoked.

        Raises NotFound (KEY_NOT_FOUND), also for a revoked key.
        """


class ProjectFounder(Protocol):
    """Makes projects."""

    async def ensure(self, organization: str, project: str, scope: str, *, public: bool) -> Project:
        """The project, founded with its organization and scope as far as they are missing."""
