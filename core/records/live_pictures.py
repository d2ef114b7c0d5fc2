"""The pictures behind live URLs: which a scope has, and how one takes another's place."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, exists, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cache.entry import Key
from core.listing import Window
from core.models import Generation
from core.records.database import Database
from core.records.generation_rows import change, first
from core.records.listing import beyond, part_of
from core.records.names import Names, locked_names
from core.records.references import generations_of
from core.records.rows import image_of
from core.records.tables import flow_aliases, generations, images
from core.scopes.ports import LivePicture, LivePictureLibrary, LivePictures


class SqlLivePictures(LivePictureLibrary):
    """Live pictures in SQL. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def of_scope(
        self,
        project_id: str,
        scope_id: str,
        *,
        models: frozenset[tuple[str, str]],
        limit: int,
        cursor: str | None,
    ) -> LivePictures:
        """Newest first; ``models`` are (name, version). Raises Invalid (cursor)."""
        model = tuple_(generations.c.model, generations.c.model_version)
        conditions = [*_of(project_id, scope_id), model.in_(sorted(models))]
        if cursor is not None:
            conditions.append(beyond(generations, cursor))
        async with self._database.reading() as connection:
            part = await part_of(connection, generations, conditions, Window(limit=limit))
            pictures = await _pictures(connection, project_id, part.rows)
        return LivePictures(pictures, part.total - len(part.rows), part.next_cursor)

    async def one_of_scope(
        self, project_id: str, scope_id: str, image_id: str
    ) -> LivePicture | None:
        query = select(generations).where(
            *_of(project_id, scope_id), generations.c.output_image_id == image_id
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query.limit(1))).mappings().all()
            return next(iter(await _pictures(connection, project_id, rows)), None)

    async def under_way(self, project_id: str, identity: str) -> Generation | None:
        """The newest generation of this identity that has not ended."""
        query = (
            select(generations)
            .where(generations.c.project_id == project_id, generations.c.identity == identity)
            .where(generations.c.status.in_(("pending", "processing")))
            .order_by(generations.c.created_at.desc(), generations.c.id.desc())
        )
        async with self._database.reading() as connection:
            return await first(connection, query.limit(1))

    async def take_place(
        self, project_id: str, generation_id: str, image_id: str, key: Key
    ) -> None:
        """Image and generation stand behind this live URL; whichever did before are soft-deleted,
        and their aliases are this one's. Repeating it changes nothing."""
        place = {"slot": key.slot, "identity": key.identity, "origin": "live"}
        own = (images.c.project_id == project_id, images.c.id == image_id)
        async with self._database.writing() as connection:
            names = await locked_names(self._database, connection, project_id, self._clock())
            for before, alias in await _standing(names, key, image_id):
                await _inherit(names, before, alias, image_id)
                await names.bury(before)
            await connection.execute(
                update(images).where(*own).values(place | {"updated_at": names.now})
            )
            moved = change(project_id, generation_id).values(place | {"updated_at": names.now})
            await connection.execute(moved)


def _of(project_id: str, scope_id: str) -> tuple[ColumnElement[bool], ...]:
    row = generations.c
    return row.project_id == project_id, row.scope_id == scope_id, *_in_place()


async def _pictures(
    connection: AsyncConnection, project_id: str, rows: Sequence[RowMapping]
) -> tuple[LivePicture, ...]:
    if not rows:
        return ()
    outputs = [row["output_image_id"] for row in rows]
    query = select(images).where(images.c.project_id == project_id, images.c.id.in_(outputs))
    shown = (await connection.execute(query)).mappings().all()
    by_id = {row["id"]: image_of(row) for row in shown}
    return tuple(
        LivePicture(by_id[generation.output_image_id], generation)
        for generation in await generations_of(connection, rows)
        if generation.output_image_id in by_id
    )


async def _standing(names: Names, key: Key, newcomer: str) -> list[tuple[str, str | None]]:
    """Ids and aliases of the images that stand there now."""
    query = (
        select(images.c.id, images.c.alias)
        .where(images.c.project_id == names.project_id, images.c.slot == key.slot)
        .where(images.c.identity == key.identity, images.c.id != newcomer)
        .where(images.c.deleted_at.is_(None))
    )
    return [(row.id, row.alias) for row in await names.connection.execute(query)]


async def _inherit(names: Names, before: str, alias: str | None, image_id: str) -> None:
    """A page that names the picture by an alias shows the new one, too."""
    if alias is not None:
        await names.give(image_id, alias)
    held = (flow_aliases.c.project_id == names.project_id, flow_aliases.c.image_id == before)
    await names.connection.execute(update(flow_aliases).where(*held).values(image_id=image_id))


def _in_place() -> tuple[ColumnElement[bool], ...]:
    """Pictures of live URLs that are there."""
    image = exists().where(
        images.c.project_id == generations.c.project_id,
        images.c.id == generations.c.output_image_id,
        images.c.deleted_at.is_(None),
    )
    made = generations.c
    return made.origin == "live", made.status == "success", made.deleted_at.is_(None), image
