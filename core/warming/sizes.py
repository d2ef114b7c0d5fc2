"""Makes the sizes and formats of a picture before a visitor asks for them."""

from collections.abc import Iterator
from dataclasses import replace

from core.derivatives import CENTRE, Derivatives
from core.errors import NotFound
from core.library.images import Images
from core.models import Picture
from core.variants import Encoding, Master, Wish, planned
from core.warming.steps import Goal

# What ``fm=auto`` may choose when a visitor asks.
_CHOICES: tuple[Encoding, ...] = ("avif", "webp", "jpeg")
_NOTHING: frozenset[str] = frozenset()


class WarmSizes:
    """The derivatives behind one address: one, or all that ``fm=auto`` may choose from."""

    def __init__(self, derivatives: Derivatives, images: Images) -> None:
        self._derivatives = derivatives
        self._images = images

    async def make(self, goal: Goal, master: Picture) -> bool:
        """Whether any had to be made. Raises Busy, StoreDown, RecordsUnavailable."""
        made = False
        for wish in _wishes(goal, master):
            derived = await self._derivatives.of(
                goal.ask.visitor.project,
                goal.ask.key,
                master,
                wish,
                exact=goal.exact,
                accept=_NOTHING,
                focal=await self._focal(goal, master),
            )
            made = made or derived.made
        return made

    async def made(self, goal: Goal, master: Picture) -> bool:
        """Whether there is nothing left to make. Raises StoreDown."""
        for wish in _wishes(goal, master):
            derived = await self._derivatives.recall(
                goal.ask.visitor.project,
                goal.ask.key,
                wish,
                exact=goal.exact,
                accept=_NOTHING,
                focal=wish.focal,
            )
            if derived is None:
                return False
        return True

    async def _focal(self, goal: Goal, master: Picture) -> tuple[float, float]:
        """What the record says, asked only where something will be cut off."""
        wish = goal.wish
        if wish.focal is not None:
            return wish.focal
        if wish.width is None or wish.height is None or wish.fit != "cover":
            return CENTRE
        try:
            image = await self._images.find(goal.ask.visitor.project.id, master.image_id)
        except NotFound:
            return CENTRE
        return image.focal_x, image.focal_y


def facts_of(picture: Picture) -> Master:
    """What a plan has to know of a stored picture."""
    formats: dict[str, Encoding] = {
        "image/png": "png",
        "image/jpeg": "jpeg",
        "image/webp": "webp",
        "image/avif": "avif",
    }
    return Master(picture.width, picture.height, formats[picture.mime_type])


def _wishes(goal: Goal, master: Picture) -> Iterator[Wish]:
    """Everything but the master itself."""
    wish = goal.wish
    wishes = [replace(wish, format=one) for one in _CHOICES] if wish.format == "auto" else [wish]
    for one in wishes:
        if planned(one, facts_of(master), exact=goal.exact) is not None:
            yield one
