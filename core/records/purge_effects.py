"""What a purge changes on record: deleted images, tombstones, and the tags CDNs are told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, literal, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.models import Project
from core.purging import tags
from core.purging.ports import Cover, Everything, Struck
from core.records.columns import UtcTime
from core.records.database import Database
from core.records.purge_covers import Covered
from core.records.tables import flow_aliases, images, tombstones

# More tags than these, and the project's own says it shorter.
_MANY_TAGS = 500
_AT_ONCE = 500


async def bury(
    connection: AsyncConnection, project_id: str, image_ids: Sequence[str], now: datetime
) -> None:
    """These images are soft-deleted, hold no names, and their bytes are gone."""
    held = flow_aliases.c
    for start in range(0, len(image_ids), _AT_ONCE):
        ids = image_ids[start : start + _AT_ONCE]
        freed = delete(flow_aliases).where(held.project_id == project_id, held.image_id.in_(ids))
        gone = update(images).where(images.c.project_id == project_id, images.c.id.in_(ids))
        since = func.coalesce(images.c.deleted_at, literal(now, UtcTime))
        await connection.execute(freed)
        await connection.execute(
            gone.values(alias=None, stored=False, deleted_at=since, updated_at=now)
        )


async def raise_tombstones(
    database: Database,
    connection: AsyncConnection,
    project_id: str,
    struck: Sequence[Struck],
    now: datetime,
) -> None:
    """None of these pictures may come back."""
    for each in struck:
        row = {
            "project_id": project_id,
            "identity": each.key.identity,
            "image_id": next(iter(each.images), None),
            "created_at": now,
        }
        await connection.execute(database.insert_absent(tombstones).values(row))


def tags_of(
    project: Project, cover: Cover, page: Covered, asked: Sequence[str], *, first: bool
) -> tuple[str, ...]:
    """By what CDNs know the answers that show what was struck; ``asked`` are told anyway."""
    path = project.path
    if isinstance(cover, Everything):
        return (tags.project_tag(path),) if first else ()
    told = dict.fromkeys(asked if first else ())
    for each in page.struck:
        told[tags.key_tag(each.key.slot)] = None
        told |= dict.fromkeys(tags.image_tag(image_id) for image_id in each.images)
    told |= dict.fromkeys(tags.alias_tag(path, alias) for alias in page.aliases)
    if len(told) > _MANY_TAGS:
        return (tags.project_tag(path),)
    return tuple(told)
