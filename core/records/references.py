"""The reference images of generations: kept beside them, in their order."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import RowMapping, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.models import Generation
from core.records.rows import generation_of
from core.records.tables import generation_references

_OF = generation_references.c


async def generations_of(
    connection: AsyncConnection, rows: Sequence[RowMapping]
) -> list[Generation]:
    """The rows as generations with their references: one statement for all of them."""
    if not rows:
        return []
    query = (
        select(_OF.generation_id, _OF.image_id)
        .where(_OF.project_id.in_({row["project_id"] for row in rows}))
        .where(_OF.generation_id.in_([row["id"] for row in rows]))
        .order_by(_OF.generation_id, _OF.position)
    )
    referenced: defaultdict[str, list[str]] = defaultdict(list)
    for generation_id, image_id in await connection.execute(query):
        referenced[generation_id].append(image_id)
    return [generation_of(row, tuple(referenced[row["id"]])) for row in rows]


async def add(
    connection: AsyncConnection, project_id: str, generation_id: str, image_ids: Sequence[str]
) -> None:
    """Append those that are not there yet."""
    own = (_OF.project_id == project_id, _OF.generation_id == generation_id)
    known = select(_OF.image_id).where(*own).order_by(_OF.position)
    present = list(await connection.scalars(known))
    fresh = [each for each in dict.fromkeys(image_ids) if each not in present]
    rows = [
        {
            "project_id": project_id,
            "generation_id": generation_id,
            "position": len(present) + place,
            "image_id": image_id,
        }
        for place, image_id in enumerate(fresh)
    ]
    if rows:
        await connection.execute(insert(generation_references), rows)


async def drop(connection: AsyncConnection, project_id: str, generation_id: str) -> None:
    await connection.execute(
        delete(generation_references).where(
            _OF.project_id == project_id, _OF.generation_id == generation_id
        )
    )
