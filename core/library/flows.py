"""Flows: chains of generations and images with names of their own."""

from collections.abc import Mapping
from typing import Any

from core.errors import AliasConflict, FieldError, Invalid, NotFound
from core.ids import new_id
from core.listing import Listing, Window
from core.models import Flow, Generation, Image
from core.rest_ports import FlowLibrary, GenerationLibrary, ImageLibrary


class Flows:
    """What callers do with flows. Every call names the project.

    An id that is malformed, unknown or another project's is the same NotFound (FLOW_NOT_FOUND).
    """

    def __init__(
        self, library: FlowLibrary, generations: GenerationLibrary, images: ImageLibrary
    ) -> None:
        self._library = library
        self._generations = generations
        self._images = images

    async def create(self, project_id: str, meta: Mapping[str, Any]) -> Flow:
        return await self._library.ensure(project_id, new_id(), meta=meta)

    async def find(self, project_id: str, flow_id: str) -> Flow:
        """Raises NotFound."""
        return _existing(await self._library.find(project_id, flow_id))

    async def listed(self, project_id: str, window: Window) -> Listing[Flow]:
        """Raises Invalid (cursor)."""
        return await self._library.listed(project_id, window)

    async def generations(
        self, project_id: str, flow_id: str, window: Window
    ) -> Listing[Generation]:
        """Raises NotFound, Invalid (cursor)."""
        await self.find(project_id, flow_id)
        return await self._generations.listed(project_id, window, flow_id=flow_id)

    async def images(self, project_id: str, flow_id: str, window: Window) -> Listing[Image]:
        """Raises NotFound, Invalid (cursor)."""
        await self.find(project_id, flow_id)
        return await self._images.listed(project_id, window, flow_id=flow_id)

    async def merge_aliases(
        self, project_id: str, flow_id: str, aliases: Mapping[str, str], *, move: bool = True
    ) -> Flow:
        """Add or move these names, leave the others. The aliases are checked already.

        Raises NotFound; Invalid naming every alias whose image is not in this project;
        AliasConflict when one is another image's and may not be moved.
        """
        flow = await self.find(project_id, flow_id)
        known = await self._images.many(project_id, tuple(dict.fromkeys(aliases.values())))
        strangers = [alias for alias, image_id in aliases.items() if image_id not in known]
        if strangers:
            raise Invalid(fields=[_no_such_image(alias) for alias in strangers])
        taken = any(flow.aliases.get(alias, image) != image for alias, image in aliases.items())
        if taken and not move:
            raise AliasConflict
        return _existing(await self._library.merge_aliases(project_id, flow_id, aliases))

    async def remove_alias(self, project_id: str, flow_id: str, alias: str) -> Flow:
        """Raises NotFound (FLOW_NOT_FOUND, ALIAS_NOT_FOUND)."""
        return _existing(await self._library.remove_alias(project_id, flow_id, alias))

    async def delete(self, project_id: str, flow_id: str) -> None:
        """For good; its generations and images remain. Raises NotFound."""
        if not await self._library.delete(project_id, flow_id):
            raise NotFound("FLOW")


def _existing(flow: Flow | None) -> Flow:
    if flow is None:
        raise NotFound("FLOW")
    return flow


def _no_such_image(alias: str) -> FieldError:
    return FieldError(f"aliases.{alias}", "IMAGE_NOT_FOUND", "There is no such image here.")
