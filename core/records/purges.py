"""The journal of purges and the tombstones: one order for every process, kept for a while."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select, update

from core.models import Generation, Project
from core.ports import PurgeWatch
from core.purging.ports import Cover, Everything, Journal, Part, Purge, Struck, Through
from core.records.database import Database, database_time
from core.records.names import locked_names
from core.records.purge_covers import covered
from core.records.purge_effects import bury, raise_tombstones, tags_of
from core.records.purge_rows import project_with, purge_of, select_purges, write_down
from core.records.tables import images, purge_clock, purge_deliveries, purges, tombstones

# What clocks of two machines may differ by, and a picture be recorded after a purge began.
_SLACK = timedelta(minutes=1)


class SqlPurges(Journal, PurgeWatch):
    """Purges in SQL. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def write(
        self,
        project: Project,
        cover: Cover,
        *,
        tombstone: bool,
        tags: tuple[str, ...] = (),
        opening: Purge | None = None,
        after: str = "",
    ) -> Part:
        """The next part of a purge, in one transaction with all it changes on record."""
        async with self._database.writing() as connection:
            now = self._clock()
            # Before the clock's lock, as everybody else who takes both.
            await locked_names(self._database, connection, project.id, now)
            first = opening is None
            page = await covered(
                connection,
                project.id,
                cover,
                tombstone=tombstone,
                first=first,
                after=after,
                before=None if opening is None else opening.made_at + _SLACK,
            )
            await bury(connection, project.id, page.buried, now)
            if tombstone:
                await raise_tombstones(self._database, connection, project.id, page.struck, now)
            told = tags_of(project, cover, page, tags, first=first)
            purge = Purge(
                number=0,
                project=project,
                struck=page.struck,
                made_at=now,
                scope_id=cover.scope_id if first and isinstance(cover, Through) else None,
                whole_project=first and isinstance(cover, Everything),
                tombstone=tombstone,
            )
            number = await write_down(self._database, connection, purge, told)
        return Part(replace(purge, number=number), told, page.after)

    async def note(self, project_id: str, struck: Sequence[Struck], tags: tuple[str, ...]) -> Purge:
        """A purge of exactly this, which changes no record."""
        async with self._database.writing() as connection:
            project = await project_with(connection, project_id)
            purge = Purge(0, project, tuple(struck), self._clock())
            number = await write_down(self._database, connection, purge, tags)
        return replace(purge, number=number)

    async def end(self, purge: Purge, settling: float) -> None:
        """Carried out: CDNs may be told in ``settling`` seconds."""
        row = (purges.c.project_id == purge.project.id, purges.c.number == purge.number)
        ended = update(purges).where(*row, purges.c.ended_at.is_(None))
        waiting = update(purge_deliveries).where(
            purge_deliveries.c.project_id == purge.project.id,
            purge_deliveries.c.purge_number == purge.number,
            purge_deliveries.c.state == "pending",
            purge_deliveries.c.attempts == 0,
        )
        async with self._database.writing() as connection:
            if (await connection.execute(ended.values(ended_at=self._clock()))).rowcount == 1:
                due = await database_time(connection) + timedelta(seconds=settling)
                await connection.execute(waiting.values(next_at=due))

    async def open(self, project_id: str) -> list[Purge]:
        """What was written down for this project and is not carried out, oldest first."""
        return await self._read(purges.c.project_id == project_id, purges.c.ended_at.is_(None))

    async def abandoned(self, before: datetime) -> list[Purge]:
        """What was written down for any project before this moment, and is not carried out."""
        return await self._read(purges.c.ended_at.is_(None), purges.c.made_at < before)

    async def since(self, number: int, watched: Collection[int]) -> list[Purge]:
        """The purges of all projects after ``number``, and the watched ones, in their order."""
        later = purges.c.number > number
        if not watched:
            return await self._read(later)
        return await self._read(or_(later, purges.c.number.in_(sorted(watched))))

    async def made_after(self, when: datetime) -> list[Purge]:
        """The purges of all projects that were written down after this moment, oldest first."""
        return await self._read(purges.c.made_at > when)

    async def number(self) -> int:
        """The last purge's number; 0 before the first."""
        async with self._database.reading() as connection:
            return await connection.scalar(select(purge_clock.c.number)) or 0

    async def number_before(self, when: datetime) -> int:
        """The number of the last purge that was written down before this moment."""
        query = select(func.max(purges.c.number)).where(purges.c.made_at < when)
        async with self._database.reading() as connection:
            return await connection.scalar(query) or 0

    async def struck_since(self, generation: Generation, number: int) -> bool:
        """Whether a purge after ``number`` took this generation's master away."""
        for purge in await self._of_project_since(generation.project_id, number):
            if purge.scope_id is not None and purge.scope_id == generation.scope_id:
                return True
            if purge.whole_project and (purge.tombstone or generation.origin == "live"):
                return True
            if any(each.gone and each.key.identity == generation.identity for each in purge.struck):
                return True
        return False

    async def purged_since(self, project_id: str, master_slot: str, number: int) -> bool:
        """Whether a purge after ``number`` concerned the picture in this slot."""
        return any(
            purge.whole_project or any(each.key.slot == master_slot for each in purge.struck)
            for purge in await self._of_project_since(project_id, number)
        )

    async def stands(self, project_id: str, identity: str) -> bool:
        """Whether this picture was taken down for good."""
        return await self._any_tombstone(project_id, tombstones.c.identity == identity)

    async def stands_for(self, project_id: str, image_id: str) -> bool:
        """The same by an image's id, also when its record is gone."""
        own = select(images.c.identity).where(
            images.c.project_id == project_id, images.c.id == image_id
        )
        named = or_(tombstones.c.image_id == image_id, tombstones.c.identity.in_(own))
        return await self._any_tombstone(project_id, named)

    async def tidy(self, before: datetime) -> None:
        """Forget what was carried out before this moment and has no deliveries any more."""
        told = exists().where(purge_deliveries.c.purge_number == purges.c.number)
        ended = delete(purges).where(purges.c.ended_at < before, ~told)
        async with self._database.writing() as connection:
            await connection.execute(ended)

    async def _any_tombstone(self, project_id: str, condition: ColumnElement[bool]) -> bool:
        query = select(tombstones.c.identity).where(tombstones.c.project_id == project_id)
        async with self._database.reading() as connection:
            return await connection.scalar(query.where(condition).limit(1)) is not None

    async def _of_project_since(self, project_id: str, number: int) -> list[Purge]:
        return await self._read(purges.c.project_id == project_id, purges.c.number > number)

    async def _read(self, *conditions: ColumnElement[bool]) -> list[Purge]:
        query: Select[Any] = select_purges().where(*conditions).order_by(purges.c.number)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [purge_of(row) for row in rows]
