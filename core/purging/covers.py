"""From what a caller names to what a purge covers, and the tags that are told in any case."""

from core.catalog import Catalog
from core.errors import FieldError, Invalid, NotFound
from core.identity import identity_of, key_of
from core.library.aliases import checked_alias
from core.live_request import LiveRequest
from core.models import Project
from core.ports import Tenants
from core.purging import tags
from core.purging.ports import Cover, Everything, Flow, Images, Place, Slots, Through
from core.purging.selections import (
    ByAlias,
    ByFlow,
    ByImage,
    ByProject,
    ByPrompt,
    ByScope,
    ByTag,
    Selection,
)
from core.rest_ports import FlowLibrary, ImageLibrary

Covered = tuple[Cover, tuple[str, ...]]

_NOBODY = Images(())
_TAGS = "Use a tag of this project from a Cache-Tag header: k-…, i-…, s-…, a-… or p-…."


class Covers:
    """``version`` is the prompt enhancer's: it is part of every enhanced live URL's identity."""

    def __init__(
        self,
        *,
        images: ImageLibrary,
        flows: FlowLibrary,
        tenants: Tenants,
        catalog: Catalog,
        version: str,
    ) -> None:
        self._images = images
        self._flows = flows
        self._tenants = tenants
        self._catalog = catalog
        self._version = version

    async def of(self, project: Project, selection: Selection, *, tombstone: bool) -> Covered:
        """Raises NotFound, Invalid."""
        match selection:
            case ByImage():
                return await self._image(project, selection.image_id, tombstone=tombstone)
            case ByAlias():
                return await self._alias(project, checked_alias(selection.alias))
            case ByFlow():
                return await self._flow(project, selection.flow_id), ()
            case ByScope():
                return await self._scope(project, selection.slug)
            case ByTag():
                return await self._tag(project, selection.tag, tombstone=tombstone)
            case ByPrompt():
                cover: Cover = self._place(project, selection.request)
            case ByProject():
                cover = Everything()
        return cover, ()

    async def _image(self, project: Project, image_id: str, *, tombstone: bool) -> Covered:
        image = await self._images.find(project.id, image_id, include_deleted=True)
        if image is None:
            raise NotFound("IMAGE")
        told = (tags.image_tag(image_id),)
        if image.deleted_at is not None and not tombstone:
            # Its picture went before; what stands in its place by now is another image.
            return _NOBODY, told
        return Images((image_id,), named=True), told

    async def _alias(self, project: Project, alias: str) -> Covered:
        image = await self._images.by_project_alias(project.id, alias)
        if image is None:
            raise NotFound("ALIAS")
        return Images((image.id,)), (tags.alias_tag(project.path, alias),)

    async def _flow(self, project: Project, flow_id: str) -> Flow:
        if await self._flows.find(project.id, flow_id) is None:
            raise NotFound("FLOW")
        return Flow(flow_id)

    async def _scope(self, project: Project, slug: str) -> Covered:
        scope = await self._tenants.scope(project.id, slug)
        if scope is None:
            raise NotFound("SCOPE")
        return Through(scope.id), (tags.scope_tag(project.path, slug),)

    def _place(self, project: Project, request: LiveRequest) -> Place:
        model = self._catalog.resolve(request.model)
        if request.ratio not in model.sizes:
            message = f"This model makes {', '.join(model.sizes)}."
            raise Invalid(fields=[FieldError("aspectRatio", "ASPECT_RATIO_UNSUPPORTED", message)])
        return Place(key_of(identity_of(project.path, model, request, self._version)))

    async def _tag(self, project: Project, tag: str, *, tombstone: bool) -> Covered:
        """Names that nobody has any more are still told to CDNs, ids and keys of others never."""
        path = project.path
        if tag in (tags.ANY, tags.project_tag(path)):
            return Everything(), ()
        if (prefix := tags.slot_of(tag)) is not None:
            return Slots(prefix), ()
        try:
            if (image_id := tags.image_of(tag)) is not None:
                return await self._image(project, image_id, tombstone=tombstone)
            if (slug := tags.scope_of(tag, path)) is not None:
                return await self._scope(project, slug)
            if (alias := tags.alias_of(tag, path)) is not None:
                return await self._alias(project, alias)
        except NotFound as unknown:
            if unknown.code == "IMAGE_NOT_FOUND":
                raise
            return _NOBODY, (tag,)
        raise Invalid(fields=[FieldError("tag", "TAG_UNKNOWN", _TAGS)])
