"""Gives a generation a picture that exists already: its record, its names, no cost."""

from dataclasses import replace

from cache.readthrough import Found
from core.errors import AliasConflict
from core.ids import new_id
from core.models import Generation, Image
from core.ports import Generations
from core.rendering.orders import image_of
from core.rest_ports import GenerationLibrary, ImageLibrary


class Adoption:
    """Ends generations in pictures that somebody else had made."""

    def __init__(
        self,
        *,
        generations: Generations,
        library: GenerationLibrary,
        images: ImageLibrary,
    ) -> None:
        self._generations = generations
        self._library = library
        self._images = images

    async def complete(self, generation: Generation, found: Found, *, processing_ms: int) -> None:
        """Success with this picture, which also gets the names the generation assigns.

        Nothing happens when it was cancelled meanwhile.
        """
        image = await self._recorded(generation, found)
        await self._library.complete(
            generation.project_id,
            generation.id,
            image.id,
            cached=True,
            processing_ms=processing_ms,
            prompt=await self._prompt(generation, found),
        )

    async def ensure_free(self, generation: Generation) -> None:
        """Raises AliasConflict when an image holds a name that this generation assigns."""
        project_id, flow_id = generation.project_id, generation.flow_id
        holder = None
        if generation.assign_alias is not None:
            holder = await self._images.by_project_alias(project_id, generation.assign_alias)
        if holder is None and generation.assign_flow_alias is not None and flow_id is not None:
            alias = generation.assign_flow_alias
            holder = await self._images.by_flow_alias(project_id, flow_id, alias)
        if holder is not None:
            raise AliasConflict

    async def _recorded(self, generation: Generation, found: Found) -> Image:
        """The picture's record, written anew if the records lost it.

        A record somebody deleted stays deleted: the picture gets another one.
        """
        meta, project_id = found.entry.meta, generation.project_id
        known = await self._images.find(project_id, meta["image"], include_deleted=True)
        if known is not None and known.deleted_at is None:
            return known
        # Its names are given with the success, after others have let go of them.
        image = replace(image_of(generation, found.entry, stored=found.stored), alias=None)
        if known is None:
            image = replace(image, generation_id=meta["generation"])
        else:
            image = replace(image, id=new_id())
        await self._images.insert(image)
        return image

    async def _prompt(self, generation: Generation, found: Found) -> str:
        """The text the picture was made from, as far as its maker's record still says."""
        if not generation.auto_enhance:
            return generation.prompt
        maker = found.entry.meta["generation"]
        record = await self._generations.get(generation.project_id, maker)
        return generation.prompt if record is None else record.prompt
