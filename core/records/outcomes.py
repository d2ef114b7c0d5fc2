"""What a successful generation puts in place: its image's row, flow and aliases."""

from dataclasses import replace

from sqlalchemy import select, update

from core.models import Image
from core.records.names import Names
from core.records.rows import values_of
from core.records.tables import generations, images

_WISHES = (
    generations.c.flow_id,
    generations.c.assign_alias,
    generations.c.assign_flow_alias,
    generations.c.deleted_at,
)


async def adopt(names: Names, image: Image, generation_id: str) -> None:
    """Write the image's row, unless it is there, and give it what its generation asks for."""
    # Its names are given below, after others have let go of them.
    row = values_of(replace(image, alias=None, flow_id=None))
    await names.connection.execute(names.database.insert_absent(images).values(row))
    await bestow(names, image.id, generation_id)


async def bestow(names: Names, image_id: str, generation_id: str) -> None:
    """Give an image that exists what the generation that shows it asks for.

    An image keeps the flow it was first in; a deleted one stays deleted and gets nothing. A
    generation that was deleted meanwhile keeps nothing alive.
    """
    own = (generations.c.project_id == names.project_id, generations.c.id == generation_id)
    wishes = (await names.connection.execute(select(*_WISHES).where(*own))).one()
    flow_id, alias, flow_alias, deleted_at = wishes
    if deleted_at is not None:
        await bury_output(names, image_id, generation_id)
        return
    if not await _join(names, image_id, flow_id):
        return
    if alias is not None:
        await names.give(image_id, alias)
    if flow_alias is not None and flow_id is not None:
        await names.give_in_flow(flow_id, flow_alias, image_id)


async def bury_output(names: Names, image_id: str, generation_id: str) -> None:
    """Soft-delete a generation's output, unless another one that is not deleted shows it."""
    shown = generations.c
    others = select(shown.id).where(
        shown.project_id == names.project_id,
        shown.output_image_id == image_id,
        shown.id != generation_id,
        shown.deleted_at.is_(None),
    )
    if await names.connection.scalar(others.limit(1)) is None:
        await names.withdraw(image_id)


async def _join(names: Names, image_id: str, flow_id: str | None) -> bool:
    """In the flow, if it is in none; False when there is no such image, or it is deleted."""
    own = (images.c.project_id == names.project_id, images.c.id == image_id)
    flow = select(images.c.flow_id).where(*own, images.c.deleted_at.is_(None))
    current = (await names.connection.execute(flow)).first()
    if current is not None and current.flow_id is None and flow_id is not None:
        joined = update(images).where(*own).values(flow_id=flow_id)
        await names.connection.execute(joined)
    return current is not None
