"""What scopes and the account of their use need from the records; every call names the project."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cache.entry import Key
from core.listing import Listing, Window
from core.models import Generation, Image, Project, Scope


@dataclass(frozen=True, slots=True)
class ScopeRecord:
    """A scope as its owner sees it: ``current_generations`` counts against its limit, and
    ``last_generated_at`` is when the newest picture made through it was begun."""

    scope: Scope
    created_at: datetime
    updated_at: datetime
    current_generations: int = 0
    last_generated_at: datetime | None = None


class ScopeLibrary(Protocol):
    """Scopes. A slug names one within its project."""

    async def insert(self, scope: Scope) -> ScopeRecord:
        """Raises ScopeAlreadyExists."""

    async def find(self, project_id: str, slug: str) -> ScopeRecord | None: ...

    async def listed(self, project_id: str, window: Window) -> Listing[ScopeRecord]:
        """Newest first. Raises Invalid (cursor)."""

    async def edit(
        self, project_id: str, slug: str, change: Callable[[Scope], Scope]
    ) -> ScopeRecord | None:
        """Write what ``change`` makes of the scope as it is now; nobody comes in between.

        None for an unknown one. Raises ScopeAlreadyExists for a new slug that is taken, and
        whatever ``change`` raises; then nothing has changed.
        """

    async def delete(self, project_id: str, slug: str) -> str | None:
        """Hard; the id it had, or None. What was made through it remains."""


@dataclass(frozen=True, slots=True)
class LivePicture:
    """A picture behind a live URL: the image, and the generation that tells how it was asked for.

    The image's slot and identity are the live URL's own, whoever made the picture.
    """

    image: Image
    generation: Generation

    @property
    def key(self) -> Key:
        return Key(self.image.slot, self.image.identity)


@dataclass(frozen=True, slots=True)
class LivePictures:
    """Some of a scope's, newest first; ``remaining`` come after them, counted up to 10,000.

    ``next_cursor`` leads to those; None at the end.
    """

    pictures: tuple[LivePicture, ...]
    remaining: int
    next_cursor: str | None


class LivePictureLibrary(Protocol):
    """The pictures behind live URLs, and how one takes another's place."""

    async def of_scope(
        self,
        project_id: str,
        scope_id: str,
        *,
        models: frozenset[tuple[str, str]],
        limit: int,
        cursor: str | None,
    ) -> LivePictures:
        """Those made through the scope that are not deleted; ``models`` are the names and
        versions that live URLs mean today. Raises Invalid (cursor)."""

    async def one_of_scope(
        self, project_id: str, scope_id: str, image_id: str
    ) -> LivePicture | None: ...

    async def under_way(self, project_id: str, identity: str) -> Generation | None:
        """The newest generation of this identity that is ``pending`` or ``processing``."""

    async def take_place(
        self, project_id: str, generation_id: str, image_id: str, key: Key
    ) -> None:
        """The image and its generation are the ones behind this live URL from now on, in one
        transaction: whichever stood there before are soft-deleted, and this one inherits their
        aliases. Repeating it changes nothing."""


class Replacements(Protocol):
    """Who has to hear that the picture behind a live URL is another one now."""

    async def replaced(self, project: Project, key: Key) -> object:
        """Copies and derivatives of the old one go everywhere, CDNs are told; the new one stays.

        Raises StoreDown, RecordsUnavailable.
        """
