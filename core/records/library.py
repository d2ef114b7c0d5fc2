"""Generations as REST sees them: listed, edited, started anew, deleted."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, update

from core.listing import Listing, Window
from core.models import Generation, Status
from core.records import references
from core.records.attempts import start_anew, take_back
from core.records.database import Database
from core.records.generation_rows import change, first, live
from core.records.listing import part_of
from core.records.names import locked_names
from core.records.outcomes import bestow, bury_output
from core.records.rows import values_of
from core.records.tables import generations, images
from core.rest_ports import GenerationLibrary

_MAY_COMPLETE = or_(
    generations.c.status == "pending",
    and_(generations.c.status == "failed", generations.c.error_code == "DUPLICATE"),
)


class SqlGenerationLibrary(GenerationLibrary):
    """Generations in SQL. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def insert(self, generation: Generation) -> None:
        """A new row in the status it has, with its references."""
        wanted = generation.reference_image_ids
        async with self._database.writing() as connection:
            await connection.execute(insert(generations).values(values_of(generation)))
            await references.add(connection, generation.project_id, generation.id, wanted)

    async def find(self, project_id: str, generation_id: str) -> Generation | None:
        async with self._database.reading() as connection:
            return await first(connection, live(project_id, generation_id))

    async def listed(
        self,
        project_id: str,
        window: Window,
        *,
        status: Status | None = None,
        flow_id: str | None = None,
        include_deleted: bool = False,
    ) -> Listing[Generation]:
        """Newest first. Raises Invalid (cursor)."""
        row = generations.c
        conditions: list[ColumnElement[bool]] = [row.project_id == project_id]
        if not include_deleted:
            conditions.append(row.deleted_at.is_(None))
        if status is not None:
            conditions.append(row.status == status)
        if flow_id is not None:
            conditions.append(row.flow_id == flow_id)
        async with self._database.reading() as connection:
            part = await part_of(connection, generations, conditions, window)
            return part.of(await references.generations_of(connection, part.rows))

    async def restart(
        self, project_id: str, generation: Generation, *, expected: tuple[Status, ...]
    ) -> Generation | None:
        """Overwrite the row with ``generation``, ``pending`` and without a job, as its next
        attempt; the old one goes to the history. None when its status was none of ``expected``.

        What is returned carries the new ``attempt``, which names its account in the ledger.
        """
        if generation.project_id != project_id:
            raise ValueError("The generation belongs to another project.")
        async with self._database.writing() as connection:
            query = live(project_id, generation.id).with_for_update()
            old = await first(connection, query)
            if old is None or old.status not in expected:
                return None
            return await start_anew(connection, generation, self._clock())

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
        """Status ``success`` with a picture that exists already, and the aliases asked for.

        From ``pending``, or from ``failed`` as DUPLICATE; any other status stays as it is.
        ``prompt`` is the text the picture was made from.
        """
        now = self._clock()
        outcome: dict[str, Any] = {
            "status": "success",
            "output_image_id": image_id,
            "cached": cached,
            "processing_ms": processing_ms,
            "prompt": prompt,
            "error_code": None,
            "error_message": None,
            "updated_at": now,
        }
        done = change(project_id, generation_id).where(_MAY_COMPLETE).values(outcome)
        async with self._database.writing() as connection:
            names = await locked_names(self._database, connection, project_id, now)
            if (await connection.execute(done)).rowcount == 1:
                await bestow(names, image_id, generation_id)

    async def withdraw(
        self, project_id: str, generation_id: str, before: Generation | None
    ) -> None:
        """The row is again what it was ``before`` this attempt, or gone when there was none.

        Only from ``pending``, or from ``failed`` without a job.
        """
        async with self._database.writing() as connection:
            await take_back(connection, project_id, generation_id, before)

    async def edit(
        self,
        project_id: str,
        generation_id: str,
        *,
        flow_id: str | None,
        meta: Mapping[str, Any],
    ) -> Generation | None:
        """Set both; the image it made moves to the flow with it."""
        now = self._clock()
        edited = change(project_id, generation_id).where(generations.c.deleted_at.is_(None))
        edited = edited.values(flow_id=flow_id, meta=dict(meta), updated_at=now)
        async with self._database.writing() as connection:
            await connection.execute(edited)
            generation = await first(connection, live(project_id, generation_id))
            if generation is not None and generation.output_image_id is not None:
                made = update(images).where(
                    images.c.project_id == project_id,
                    images.c.id == generation.output_image_id,
                    images.c.generation_id == generation_id,
                )
                await connection.execute(made.values(flow_id=flow_id, updated_at=now))
            return generation

    async def cancel(self, project_id: str, generation_id: str) -> Generation | None:
        """Status ``cancelled`` from pending or processing; the row as it was before, or None."""
        is_open = generations.c.status.in_(("pending", "processing"))
        query = live(project_id, generation_id).where(is_open).with_for_update()
        cancelled = change(project_id, generation_id).values(
            status="cancelled", updated_at=self._clock()
        )
        async with self._database.writing() as connection:
            before = await first(connection, query)
            if before is not None:
                await connection.execute(cancelled)
            return before

    async def delete(self, project_id: str, generation_id: str) -> Generation | None:
        """Soft, with its output image unless another generation shows it; the row as it was."""
        now = self._clock()
        query = live(project_id, generation_id).with_for_update()
        gone = change(project_id, generation_id).values(deleted_at=now, updated_at=now)
        async with self._database.writing() as connection:
            names = await locked_names(self._database, connection, project_id, now)
            before = await first(connection, query)
            if before is not None:
                await connection.execute(gone)
            if before is not None and before.output_image_id is not None:
                await bury_output(names, before.output_image_id, generation_id)
            return before

    async def add_references(
        self, project_id: str, generation_id: str, image_ids: tuple[str, ...]
    ) -> None:
        """Append those that are not there yet; nothing for a generation of another project."""
        query = live(project_id, generation_id).with_for_update()
        async with self._database.writing() as connection:
            if await first(connection, query) is not None:
                await references.add(connection, project_id, generation_id, image_ids)
