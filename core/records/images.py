"""Images as REST sees them: listed, named, edited, deleted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.listing import Listing, Window
from core.models import Image
from core.records.database import Database
from core.records.listing import part_of
from core.records.names import locked_names
from core.records.rows import image_of, values_of
from core.records.tables import flow_aliases, generations, images
from core.rest_ports import ImageLibrary


class SqlImageLibrary(ImageLibrary):
    """Images in SQL. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def insert(self, image: Image, *, flow_alias: str | None = None) -> None:
        """Insert, moving its alias (and ``flow_alias``) here from whoever holds it, in one
        transaction. Inserting the same id again changes nothing.

        A ``flow_alias`` without ``image.flow_id`` names nothing.
        """
        row = values_of(replace(image, alias=None))
        fresh = self._database.insert_absent(images).values(row)
        place = (image.project_id, image.updated_at)
        async with self._database.writing() as connection:
            names = await locked_names(self._database, connection, *place)
            if (await connection.execute(fresh)).rowcount != 1:
                return
            if image.alias is not None:
                await names.give(image.id, image.alias)
            if flow_alias is not None and image.flow_id is not None:
                await names.give_in_flow(image.flow_id, flow_alias, image.id)

    async def find(
        self, project_id: str, image_id: str, *, include_deleted: bool = False
    ) -> Image | None:
        query = _one(project_id, image_id) if include_deleted else _live(project_id, image_id)
        return await self._read(query)

    async def of_identity(self, project_id: str, slot: str, identity: str) -> Image | None:
        """The newest image that stands, or stood, on these bytes and is not deleted."""
        standing = (
            select(images)
            .where(images.c.project_id == project_id, images.c.slot == slot)
            .where(images.c.identity == identity, images.c.deleted_at.is_(None))
            .order_by(images.c.created_at.desc(), images.c.id.desc())
        )
        return await self._read(standing.limit(1))

    async def shares_bytes(self, project_id: str, image: Image) -> bool:
        """Whether another image that is not deleted has the same ``identity``."""
        others = (
            select(images.c.id)
            .where(images.c.project_id == project_id, images.c.slot == image.slot)
            .where(images.c.identity == image.identity, images.c.id != image.id)
            .where(images.c.deleted_at.is_(None))
        )
        async with self._database.reading() as connection:
            return await connection.scalar(others.limit(1)) is not None

    async def many(self, project_id: str, image_ids: tuple[str, ...]) -> dict[str, Image]:
        """Those of the project that are not deleted, by id."""
        if not image_ids:
            return {}
        query = select(images).where(
            images.c.project_id == project_id,
            images.c.id.in_(sorted(set(image_ids))),
            images.c.deleted_at.is_(None),
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return {row["id"]: image_of(row) for row in rows}

    async def listed(
        self,
        project_id: str,
        window: Window,
        *,
        source: str | None = None,
        flow_id: str | None = None,
        alias: str | None = None,
        include_deleted: bool = False,
    ) -> Listing[Image]:
        """Newest first; ``alias`` is the project-level one. Raises Invalid (cursor)."""
        conditions: list[ColumnElement[bool]] = [images.c.project_id == project_id]
        if not include_deleted:
            conditions.append(images.c.deleted_at.is_(None))
        wanted = {"source": source, "flow_id": flow_id, "alias": alias}
        conditions += [images.c[name] == value for name, value in wanted.items() if value]
        async with self._database.reading() as connection:
            part = await part_of(connection, images, conditions, window)
        return part.of([image_of(row) for row in part.rows])

    async def edit(
        self,
        project_id: str,
        image_id: str,
        *,
        focal: tuple[float, float] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Image | None:
        """Set what is not None."""
        changes: dict[str, Any] = {"updated_at": self._clock()}
        if focal is not None:
            changes |= {"focal_x": focal[0], "focal_y": focal[1]}
        if meta is not None:
            changes["meta"] = dict(meta)
        edited = update(images).where(*_live_row(project_id, image_id)).values(changes)
        async with self._database.writing() as connection:
            await connection.execute(edited)
            return await _first(connection, _live(project_id, image_id))

    async def assign_alias(
        self, project_id: str, image_id: str, alias: str | None, *, move: bool = True
    ) -> Image | None:
        """Give the project-level alias to this image, taking it from its holder in the same
        transaction; None removes it. Raises AliasConflict when ``move`` is false and another
        image holds it."""
        query = _live(project_id, image_id)
        async with self._database.writing() as connection:
            names = await locked_names(self._database, connection, project_id, self._clock())
            if await _first(connection, query) is None:
                return None
            await names.give(image_id, alias, move=move)
            return await _first(connection, query)

    async def delete(self, project_id: str, image_id: str, *, hard: bool = False) -> Image | None:
        """Soft: the alias and its flow aliases become free. Hard: the row goes, also the row of
        an image that was soft-deleted before. The image as it was, or None."""
        query = _one(project_id, image_id) if hard else _live(project_id, image_id)
        async with self._database.writing() as connection:
            names = await locked_names(self._database, connection, project_id, self._clock())
            before = await _first(connection, query)
            if before is not None:
                await (names.erase(image_id) if hard else names.withdraw(image_id))
            return before

    async def by_project_alias(self, project_id: str, alias: str) -> Image | None:
        return await self._read(
            select(images).where(
                images.c.project_id == project_id,
                images.c.alias == alias,
                images.c.deleted_at.is_(None),
            )
        )

    async def by_flow_alias(self, project_id: str, flow_id: str, alias: str) -> Image | None:
        held = flow_aliases.c
        return await self._read(
            select(images)
            .join(flow_aliases, held.image_id == images.c.id)
            .where(held.project_id == project_id, held.flow_id == flow_id, held.alias == alias)
            .where(images.c.project_id == project_id, images.c.deleted_at.is_(None))
        )

    async def technical(self, project_id: str, flow_id: str, which: str) -> Image | None:
        """``@first``/``@last`` generated image of the flow, ``@upload`` the newest upload.

        A picture that two flows asked for counts in both: it goes by the generations.
        """
        live = (images.c.project_id == project_id, images.c.deleted_at.is_(None))
        if which == "@upload":
            uploads = select(images).where(*live, images.c.flow_id == flow_id)
            uploads = uploads.where(images.c.source == "uploaded")
            newest = (images.c.created_at.desc(), images.c.id.desc())
            return await self._read(uploads.order_by(*newest).limit(1))
        made = generations.c
        outputs = (
            select(images)
            .join(generations, made.output_image_id == images.c.id)
            .where(made.project_id == project_id, made.flow_id == flow_id)
            .where(made.deleted_at.is_(None), made.status == "success", *live)
        )
        oldest = (made.created_at, made.id)
        order = oldest if which == "@first" else tuple(each.desc() for each in oldest)
        return await self._read(outputs.order_by(*order).limit(1))

    async def _read(self, query: Select[Any]) -> Image | None:
        async with self._database.reading() as connection:
            return await _first(connection, query)


async def _first(connection: AsyncConnection, query: Select[Any]) -> Image | None:
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else image_of(row)


def _one(project_id: str, image_id: str) -> Select[Any]:
    return select(images).where(images.c.project_id == project_id, images.c.id == image_id)


def _live(project_id: str, image_id: str) -> Select[Any]:
    return select(images).where(*_live_row(project_id, image_id))


def _live_row(project_id: str, image_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        images.c.project_id == project_id,
        images.c.id == image_id,
        images.c.deleted_at.is_(None),
    )
