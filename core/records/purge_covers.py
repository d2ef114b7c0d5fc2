"""Which pictures a purge strikes, and which of them go for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, or_, select, true, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from cache.entry import Key
from core.purging.ports import Cover, Everything, Flow, Images, Place, Slots, Struck, Through
from core.records.tables import generation_history, generations, images

# Records in one part of a purge: of a scope or a project, whose parts can be taken up again, and
# of anything else, which should be one part.
_PART, _WHOLE = 500, 10_000
# Sorts after every hex digit.
_AFTER_DIGITS = "g"
_OPEN = ("pending", "processing")
_IMAGE = (
    images.c.id,
    images.c.slot,
    images.c.identity,
    images.c.origin,
    images.c.source,
    images.c.alias,
    images.c.deleted_at,
)


@dataclass(frozen=True, slots=True)
class Covered:
    """``buried`` are the records whose bytes go, and the aliases among them; ``after`` as in
    core.purging.ports.Part."""

    struck: tuple[Struck, ...]
    buried: tuple[str, ...]
    aliases: tuple[str, ...]
    after: str | None


async def covered(
    connection: AsyncConnection,
    project_id: str,
    cover: Cover,
    *,
    tombstone: bool,
    first: bool,
    after: str,
    before: datetime | None,
) -> Covered:
    """The pictures with a record after this id, made before this moment; in the first part also
    those that are being made, and the named one without any record."""
    most = _PART if isinstance(cover, Through | Everything) else _WHOLE
    table, conditions = images.c, [_images_of(project_id, cover)]
    if not tombstone and not isinstance(cover, Images | Place):
        # What went before need not go again.
        conditions.append(or_(table.deleted_at.is_(None), table.stored))
    if before is not None:
        conditions.append(table.created_at <= before)
    page = select(*_IMAGE).where(table.project_id == project_id, table.id > after, *conditions)
    rows = (await connection.execute(page.order_by(table.id).limit(most))).mappings().all()
    records = await _records(connection, project_id, _keys(rows))
    forced = tombstone or isinstance(cover, Slots | Place | Through)
    named = isinstance(cover, Images) and cover.named
    struck = {
        key: _struck(key, of_key, forced=forced, named=named) for key, of_key in records.items()
    }
    if first:
        for key, origin in await _under_way(connection, project_id, cover):
            gone = forced or origin == "live"
            struck.setdefault(key, Struck(key, gone, known=False))
        if isinstance(cover, Place):
            struck.setdefault(cover.key, Struck(cover.key, gone=True, known=False))
    going = [row for key, of_key in records.items() if struck[key].gone for row in of_key]
    return Covered(
        struck=tuple(struck.values()),
        buried=tuple(row["id"] for row in going),
        aliases=tuple(row["alias"] for row in going if row["alias"] is not None),
        after=rows[-1]["id"] if len(rows) == most else None,
    )


def _images_of(project_id: str, cover: Cover) -> ColumnElement[bool]:
    image, made = images.c, generations.c
    of_project = made.project_id == project_id
    match cover:
        case Images():
            return image.id.in_(cover.ids)
        case Flow():
            shown = select(made.output_image_id).where(of_project, made.flow_id == cover.flow_id)
            return or_(image.flow_id == cover.flow_id, image.id.in_(shown))
        case Slots():
            return _begins(image.slot, cover.prefix)
        case Place():
            return _is(image, cover.key)
        case Through():
            return _made_through(project_id, cover.scope_id)
        case Everything():
            return true()


def _made_through(project_id: str, scope_id: str) -> ColumnElement[bool]:
    """Also by what was made again since: its live URL shows the earlier attempt's picture."""
    made_there = (
        select(table.c.identity).where(
            table.c.project_id == project_id, table.c.scope_id == scope_id
        )
        for table in (generations, generation_history)
    )
    return images.c.identity.in_(union_all(*made_there))


async def _under_way(
    connection: AsyncConnection, project_id: str, cover: Cover
) -> list[tuple[Key, str]]:
    """What is being made of it, and its origin."""
    row = generations.c
    match cover:
        case Images():
            return []
        case Flow():
            condition = row.flow_id == cover.flow_id
        case Slots():
            condition = _begins(row.slot, cover.prefix)
        case Place():
            condition = _is(row, cover.key)
        case Through():
            condition = row.scope_id == cover.scope_id
        case Everything():
            condition = true()
    query = select(row.slot, row.identity, row.origin).where(
        row.project_id == project_id, row.status.in_(_OPEN), condition
    )
    rows = await connection.execute(query)
    return [(Key(each.slot, each.identity), each.origin) for each in rows]


async def _records(
    connection: AsyncConnection, project_id: str, keys: Sequence[Key]
) -> dict[Key, list[RowMapping]]:
    """Every record of these pictures: equal ones stand on the same bytes."""
    records: dict[Key, list[RowMapping]] = {key: [] for key in keys}
    place = tuple_(images.c.slot, images.c.identity)
    for start in range(0, len(keys), _PART):
        pairs = [(key.slot, key.identity) for key in keys[start : start + _PART]]
        query = select(*_IMAGE).where(images.c.project_id == project_id, place.in_(pairs))
        for row in (await connection.execute(query.order_by(images.c.id))).mappings():
            records[Key(row["slot"], row["identity"])].append(row)
    return records


def _struck(key: Key, records: Sequence[RowMapping], *, forced: bool, named: bool) -> Struck:
    """Live pictures can be had again at their URL; what somebody ordered goes when it is ``named``
    itself, and what somebody brought stays."""
    standing = [row for row in records if row["deleted_at"] is None]
    meant = standing or records
    gone = forced or all(row["origin"] == "live" for row in meant)
    gone = gone or (named and all(row["source"] == "generated" for row in meant))
    images_of_it = tuple(row["id"] for row in standing or records)
    return Struck(key, gone, known=bool(standing), images=images_of_it)


def _keys(rows: Sequence[RowMapping]) -> list[Key]:
    return list(dict.fromkeys(Key(row["slot"], row["identity"]) for row in rows))


def _begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    return and_(column >= prefix, column < prefix + _AFTER_DIGITS)


def _is(row: Any, key: Key) -> ColumnElement[bool]:
    return and_(row.slot == key.slot, row.identity == key.identity)
