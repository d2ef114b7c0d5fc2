"""Images of their own bytes, for tests of what purges cover."""

from cache.entry import Key
from core.models import Image, Project
from core.purging.ports import Part
from core.records.images import SqlImageLibrary
from tests.core.records.samples import a_generation, an_image


def key_of(number: int) -> Key:
    return Key(f"{number:08x}".ljust(32, "0"), f"{number:08x}".ljust(64, "0"))


async def kept(images: SqlImageLibrary, project: Project, number: int, **changes: object) -> Image:
    """An image of its own bytes."""
    key = key_of(number)
    facts: dict[str, object] = {"slot": key.slot, "identity": key.identity, **changes}
    image = an_image(a_generation(project), **facts)
    await images.insert(image)
    return image


def gone(part: Part) -> dict[str, bool]:
    """Which slots were struck, and whether their masters go."""
    return {each.key.slot: each.gone for each in part.purge.struck}
