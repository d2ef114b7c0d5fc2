"""Finds the pictures a request goes by: those it lists, and those its prompt names."""

from core.errors import FieldError, Invalid
from core.library.aliases import Aliases, is_alias, mentioned
from core.models import REFERENCE_LIMIT, Image, Model
from core.rest_ports import ImageLibrary

FIELD = "referenceImages"

# Each mention costs a look-up; nobody means more than a few.
_MOST_MENTIONS = 20


class References:
    """Turns ids and @names into pictures of the project, in the order of use."""

    def __init__(self, images: ImageLibrary, aliases: Aliases) -> None:
        self._images = images
        self._aliases = aliases

    async def of_request(
        self, project_id: str, names: tuple[str, ...], prompt: str, flow_id: str | None
    ) -> tuple[Image, ...]:
        """Explicit ones first, then those the prompt names, none twice, at most three.

        Raises Invalid naming every explicit one that does not resolve.
        """
        explicit = await self.explicit(project_id, names, flow_id)
        named = await self.named(project_id, prompt, flow_id)
        every = {image.id: image for image in (*explicit, *named)}
        return tuple(every.values())[:REFERENCE_LIMIT]

    async def explicit(
        self, project_id: str, names: tuple[str, ...], flow_id: str | None = None
    ) -> tuple[Image, ...]:
        """The pictures of ids and @aliases. Raises Invalid naming every one that is none."""
        found = [await self._find(project_id, name, flow_id) for name in names]
        unknown = [_unknown(place) for place, image in enumerate(found) if image is None]
        if unknown:
            raise Invalid(fields=unknown)
        return tuple(image for image in found if image is not None)

    async def named(self, project_id: str, prompt: str, flow_id: str | None) -> tuple[Image, ...]:
        """The pictures a prompt mentions; what does not resolve stays text."""
        found = []
        for alias in mentioned(prompt)[:_MOST_MENTIONS]:
            resolved = await self._aliases.find(project_id, alias, flow_id)
            if resolved is not None:
                found.append(resolved.image)
        return tuple(found)

    async def _find(self, project_id: str, name: str, flow_id: str | None) -> Image | None:
        if not is_alias(name):
            return await self._images.find(project_id, name)
        resolved = await self._aliases.find(project_id, name, flow_id)
        return None if resolved is None else resolved.image


def ensure_taken(model: Model, references: tuple[Image, ...]) -> None:
    """Raises Invalid when the model does not go by that many pictures."""
    if len(references) <= model.references:
        return
    message = "This model takes no reference images."
    if model.references:
        message = f"This model takes at most {model.references} reference image."
    raise Invalid(fields=[FieldError(FIELD, "REFERENCES_UNSUPPORTED", message)])


def _unknown(place: int) -> FieldError:
    message = "There is no such image or alias in this project."
    return FieldError(f"{FIELD}.{place}", "REFERENCE_UNKNOWN", message)
