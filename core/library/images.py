"""The image library: found, named, described, deleted, and served as they are stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cache.entry import Key
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from core.errors import Gone, NotFound
from core.failures import public
from core.library.aliases import Aliases, is_alias
from core.listing import Listing, Window
from core.models import Generation, Image, Picture
from core.pictures import picture_of
from core.purging.ports import NoPurges, Takedowns, Tombstones
from core.purging.takedowns import LocalTakedowns
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

    def __init__(
        self,
        library: ImageLibrary,
        aliases: Aliases,
        cache: ReadThrough,
        *,
        takedowns: Takedowns | None = None,
        tombstones: Tombstones | None = None,
    ) -> None:
        self._library = library
        self._aliases = aliases
        self._cache = cache
        self._takedowns = takedowns or LocalTakedowns(cache)
        self._tombstones = tombstones or NoPurges()

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

    async def addressed(self, project_id: str, reference: str) -> Image:
        """The same for an address on a page, which is told what will not come back.

        Raises NotFound, Invalid; Gone when the picture was taken down for good.
        """
        try:
            return await self.find(project_id, reference)
        except NotFound:
            if not is_alias(reference) and await self._is_gone(project_id, reference):
                raise Gone from None
            raise

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
        """Soft: the record says so, and the alias is free. Raises NotFound.

        The bytes stay, but those behind a live URL, which has another picture made then.
        """
        _existing(await self._library.delete(project_id, image_id))
        await self._takedowns.carry_out(project_id)

    async def erase(self, project_id: str, image_id: str) -> None:
        """The bytes and the record go, also of an image that was deleted before.

        The bytes go first, so that a store that does not answer leaves something to try again;
        they stay for as long as another image stands on them. Raises NotFound, StoreDown.
        """
        image = _existing(await self._library.find(project_id, image_id, include_deleted=True))
        shared = await self._library.shares_bytes(project_id, image)
        async with self._takedowns.erasing(image, shared=shared):
            await self._library.delete(project_id, image_id, hard=True)

    async def known(self, project_id: str, key: Key) -> Image | None:
        """The newest record of the picture under this key; its bytes may be there or not."""
        return await self._library.of_identity(project_id, key.slot, key.identity)

    async def stored(self, image: Image) -> Stored:
        """The image's bytes. Raises NotFound when they are not there, StoreDown; Gone when they
        were taken down for good."""
        try:
            found = await self._cache.lookup(_key(image))
        except CacheError as error:
            raise public(error) from error
        if found is None:
            gone = await self._tombstones.stands(image.project_id, image.identity)
            raise Gone if gone else NotFound("IMAGE")
        # Equal uploads stand on the same bytes; what is said of them is this record's.
        picture = replace(picture_of(image.slot, found.entry), image_id=image.id)
        return Stored(image, picture, found.stored)

    async def _is_gone(self, project_id: str, image_id: str) -> bool:
        return await self._tombstones.stands_for(project_id, image_id)


def _existing(image: Image | None) -> Image:
    if image is None:
        raise NotFound("IMAGE")
    return image


def _key(image: Image) -> Key:
    return Key(slot=image.slot, identity=image.identity)
