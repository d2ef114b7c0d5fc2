"""Stand-ins for the records behind the REST services, over the dictionaries of tests.core.fakes."""

from dataclasses import replace

from core.generations.adoption import Adoption
from core.models import Image
from tests.core.fakes import RecordedGenerations


class RecordedLibrary:
    """Completes the generations of a recorded log."""

    def __init__(self, generations: RecordedGenerations) -> None:
        self._generations = generations

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
        rows = self._generations.rows
        rows[generation_id] = replace(
            rows[generation_id],
            status="success",
            output_image_id=image_id,
            cached=cached,
            processing_ms=processing_ms,
            prompt=prompt,
        )


class RecordedImages:
    """The images of a recorded log."""

    def __init__(self, generations: RecordedGenerations) -> None:
        self._images = generations.images

    async def find(
        self, project_id: str, image_id: str, *, include_deleted: bool = False
    ) -> Image | None:
        return self._images.get(image_id)

    async def insert(self, image: Image, *, flow_alias: str | None = None) -> None:
        self._images.setdefault(image.id, image)


def adoption_over(generations: RecordedGenerations) -> Adoption:
    return Adoption(
        generations=generations,
        library=RecordedLibrary(generations),
        images=RecordedImages(generations),
    )
