"""API keys as an administrator handles them: made, listed, revoked, rotated."""

import re
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches

from core.errors import FieldError, Invalid, NotFound
from core.listing import Listing, Window
from core.models import KEY_SCOPES, ApiKey, Project
from core.rest_ports import KeyLibrary, ProjectFounder

DEFAULT_LIFETIME = timedelta(days=90)
FIRST_SCOPE = "page"
_SLUG = re.compile("[a-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Place:
    """The project a key is for. ``public`` counts only when the project is new."""

    organization: str
    project: str
    public: bool = True


@dataclass(frozen=True, slots=True)
class Wish:
    """A key to be made; without a place it is a master key. ``lifetime`` None: no end."""

    name: str
    place: Place | None
    scopes: tuple[str, ...] = KEY_SCOPES
    allowed_models: tuple[str, ...] | None = None
    lifetime: timedelta | None = DEFAULT_LIFETIME


def checked_slug(text: str, name: str) -> str:
    """An organization's or a project's name in URLs. Raises Invalid with SLUG_INVALID."""
    if not isinstance(text, str) or _SLUG.fullmatch(text) is None:
        message = "Use 1 to 64 of the letters a-z, digits, _ and -."
        raise Invalid(fields=[FieldError(name, "SLUG_INVALID", message)])
    return text


class Keys:
    """``models`` are the names a key may be limited to."""

    def __init__(
        self, library: KeyLibrary, founder: ProjectFounder, models: tuple[str, ...]
    ) -> None:
        self._library = library
        self._founder = founder
        self._models = models

    async def create(self, wish: Wish) -> tuple[ApiKey, str]:
        """The key, and its secret, which nobody will see again.

        A project nobody knows is founded, with the public scope ``page``. Raises Invalid with
        every scope and model that does not exist.
        """
        self._ensure_known(wish)
        return await self._library.create(
            name=wish.name,
            project=None if wish.place is None else await self._project(wish.place),
            scopes=wish.scopes,
            allowed_models=wish.allowed_models,
            lifetime=wish.lifetime,
        )

    async def listed(self, window: Window) -> Listing[ApiKey]:
        """Newest first, with the expired and the revoked. Raises Invalid (cursor)."""
        keys = await self._library.listed()
        start = window.offset
        if window.cursor is not None:
            places = {key.id: place for place, key in enumerate(keys, 1)}
            if window.cursor not in places:
                message = "Use pagination.nextCursor of the answer before, unchanged."
                raise Invalid(fields=[FieldError("cursor", "CURSOR_INVALID", message)])
            start = places[window.cursor]
        rows = tuple(keys[start : start + window.limit])
        more = bool(rows) and start + len(rows) < len(keys)
        return Listing(rows, len(keys), True, rows[-1].id if more else None)

    async def revoke(self, key_id: str) -> ApiKey:
        """Refused everywhere within seconds, for good; again changes nothing. Raises NotFound."""
        return await self._library.revoke(key_id)

    async def delete(self, key_id: str) -> None:
        """As revoke, once. Raises NotFound, also for a revoked key."""
        keys = await self._library.listed()
        if not any(key.id == key_id and key.revoked_at is None for key in keys):
            raise NotFound("KEY")
        await self._library.revoke(key_id)

    async def rotate(self, key_id: str, overlap: timedelta | None) -> tuple[ApiKey, str]:
        """A successor with the same rights, and its secret; the old key ends after ``overlap``,
        or with None when it is revoked. Raises NotFound, also for a revoked key."""
        return await self._library.rotate(key_id, overlap=overlap)

    async def _project(self, place: Place) -> Project:
        return await self._founder.ensure(
            place.organization, place.project, FIRST_SCOPE, public=place.public
        )

    def _ensure_known(self, wish: Wish) -> None:
        problems = _strange("scopes", "SCOPE_UNKNOWN", wish.scopes, KEY_SCOPES)
        problems += _strange(
            "allowedModels", "UNKNOWN_MODEL", wish.allowed_models or (), self._models
        )
        if problems:
            raise Invalid(fields=problems)


def _strange(
    name: str, code: str, given: tuple[str, ...], known: tuple[str, ...]
) -> list[FieldError]:
    wrong = [word for word in given if word not in known]
    if not wrong:
        return []
    nearest = get_close_matches(wrong[0][:100], known, n=1)
    message = f"Use some of {', '.join(known)}."
    return [FieldError(name, code, message, nearest[0] if nearest else None)]
