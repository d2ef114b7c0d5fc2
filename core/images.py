"""The image library: found, named, described, deleted, and served as they are stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cache.entry import Key
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from core.aliases import Aliases, is_alias
from core.errors import NotFound
from core.failures import public
from core.listing import Listing, Window
from core.models import Generation, Image, Picture
from core.pictures import picture_of
from core.rest_ports import ImageLibrary


@dataclass(frozen=True, slots=True)
class Stored:
    """An image's record and its bytes; ``stored`` is False while the store has not got them."""

    image: Image
    picture: Picture
    stored: bool


class Images:
    """What callers do with images. Every call names the project.

    An id that is malformed, unknown, deleted or another project's is the same
    NotFound (IMAGE_NOT_FOUND).
    """

    def __init__(self, library: ImageLibrary, aliases: Aliases, cache: ReadThrough) -> None:
        self._library = library
        self._aliases = aliases
        self._cache = cache

    async def listed(
        self,
        project_id: str,
        window: Window,
        *,
        source: str | None = None,
        flow_id: str | None = None,
        alias: str | None = None,
        include_deleted: bool = False,
    ) -> Listing[Image]:
        """Raises Invalid (cursor)."""
        return await self._library.listed(
            project_id,
            window,
            source=source,
            flow_id=flow_id,
            alias=alias,
            include_deleted=include_deleted,
        )

    async def find(self, project_id: str, reference: str, flow_id: str | None = None) -> Image:
        """By id, or by ``@alias`` as Aliases.resolve finds it. Raises NotFound, Invalid."""
        if is_alias(reference):
            return (await self._aliases.resolve(project_id, reference, flow_id)).image
        return _existing(await self._library.find(project_id, reference))

    async def of_generations(
        self, project_id: str, generations: Iterable[Generation]
    ) -> dict[str, Image]:
        """The outputs and references of these, by id, without the deleted ones."""
        wanted: dict[str, None] = {}
        for generation in generations:
            if generation.output_image_id is not None:
                wanted[generation.output_image_id] = None
            wanted.update(dict.fromkeys(generation.reference_image_ids))
        return await self._library.many(project_id, tuple(wanted)) if wanted else {}

    async def edit(
        self,
        project_id: str,
        image_id: str,
        *,
        focal: tuple[float, float] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Image:
        """``None`` leaves a field as it is. Raises NotFound."""
        if focal is None and meta is None:
            return _existing(await self._library.find(project_id, image_id))
        return _existing(await self._library.edit(project_id, image_id, focal=focal, meta=meta))

    async def assign_alias(
        self, project_id: str, image_id: str, alias: str | None, *, move: bool = True
    ) -> Image:
        """Give the project-level alias to this image, or with None take its alias away.

        Raises NotFound; AliasConflict when another image holds it and may not lose it.
        """
        named = await self._library.assign_alias(project_id, image_id, alias, move=move)
        return _existing(named)

    async def delete(self, project_id: str, image_id: str) -> None:
        """Soft: the record says so, the alias is free, the bytes stay. Raises NotFound."""
        _existing(await self._library.delete(project_id, image_id))

    async def erase(self, project_id: str, image_id: str) -> None:
        """The bytes and the record go, also of an image that was deleted before.

        The bytes go first, so that a store that does not answer leaves something to try again;
        they stay for as long as another image stands on them. Raises NotFound, StoreDown.
        """
        image = _existing(await self._library.find(project_id, image_id, include_deleted=True))
        if not await self._library.shares_bytes(project_id, image):
            try:
                await self._cache.forget(_key(image))
            except CacheError as error:
                raise public(error) from error
        await self._library.delete(project_id, image_id, hard=True)

    async def stored(self, project_id: str, reference: str) -> Stored:
        """The image and its bytes. Raises NotFound (also when the bytes are gone), StoreDown."""
        image = await self.find(project_id, reference)
        try:
            found = await self._cache.lookup(_key(image))
        except CacheError as error:
            raise public(error) from error
        if found is None:
            raise NotFound("IMAGE")
        # Equal uploads stand on the same bytes; what is said of them is this record's.
        picture = replace(picture_of(image.slot, found.entry), image_id=image.id)
        return Stored(image, picture, found.stored)


def _existing(image: Image | None) -> Image:
    if image is None:
        raise NotFound("IMAGE")
    return image


def _key(image: Image) -> Key:
    return Key(slot=image.slot, identity=image.identity)
