"""The durable log of paid work."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Update, insert, select, update

from core.models import Generation, Image
from core.ports import Generations
from core.records.database import Database
from core.records.rows import generation_of, values_of
from core.records.tables import generations, images

# A picture that was finished after all outranks the failure somebody noted too early.
_MAY_SUCCEED = ("pending", "processing", "failed")


class SqlGenerations(Generations):
    """Generations in SQL. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, generation: Generation) -> None:
        """Insert with status ``processing``."""
        row = values_of(generation) | {"status": "processing"}
        async with self._database.writing() as connection:
            await connection.execute(insert(generations).values(row))

    async def unfinished(self, project_id: str, identity: str) -> Generation | None:
        """The newest one still ``processing`` for this identity: a crashed holder's, if any."""
        query = (
            select(generations)
            .where(
                generations.c.project_id == project_id,
                generations.c.identity == identity,
                generations.c.status == "processing",
            )
            .order_by(generations.c.created_at.desc(), generations.c.id.desc())
            .limit(1)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else generation_of(row)

    async def note_job(self, project_id: str, generation_id: str, job_id: str) -> None:
        """Write the provider's job id down, whatever the status: it may have cost money.

        Raises LookupError when the project has no such generation.
        """
        note = self._change(project_id, generation_id).values(job_id=job_id)
        async with self._database.writing() as connection:
            if (await connection.execute(note)).rowcount != 1:
                raise LookupError(generation_id)

    async def succeed(
        self,
        project_id: str,
        generation_id: str,
        image: Image,
        *,
        cost_micros: int,
        processing_ms: int,
    ) -> None:
        """Status ``success`` and the image's record, in one transaction; repeated: no change.

        A cancelled generation stays cancelled. Raises LookupError when the project has no such
        generation, ValueError when the image is another project's.
        """
        if image.project_id != project_id:
            raise ValueError("The image belongs to another project.")
        ended = self._change(project_id, generation_id).where(
            generations.c.status.in_(_MAY_SUCCEED)
        )
        outcome = {
            "status": "success",
            "output_image_id": image.id,
            "cost_micros": cost_micros,
            "processing_ms": processing_ms,
            "error_code": None,
            "error_message": None,
        }
        async with self._database.writing() as connection:
            if (await connection.execute(ended.values(outcome))).rowcount == 1:
                await connection.execute(insert(images).values(values_of(image)))
                return
        if await self.get(project_id, generation_id) is None:
            raise LookupError(generation_id)

    async def fail(self, project_id: str, generation_id: str, code: str, message: str) -> None:
        """Status ``failed``, unless it already ended."""
        ended = (
            self._change(project_id, generation_id)
            .where(generations.c.status == "processing")
            .values(status="failed", error_code=code, error_message=message)
        )
        async with self._database.writing() as connection:
            await connection.execute(ended)

    async def get(self, project_id: str, generation_id: str) -> Generation | None:
        query = select(generations).where(
            generations.c.project_id == project_id, generations.c.id == generation_id
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else generation_of(row)

    async def abandoned(self, before: datetime, limit: int) -> list[Generation]:
        """The longest untouched ``processing`` ones of all projects: for the sweeper alone."""
        query = (
            select(generations)
            .where(generations.c.status == "processing", generations.c.updated_at < before)
            .order_by(generations.c.updated_at, generations.c.id)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [generation_of(row) for row in rows]

    def _change(self, project_id: str, generation_id: str) -> Update:
        return (
            update(generations)
            .where(generations.c.project_id == project_id, generations.c.id == generation_id)
            .values(updated_at=self._clock())
        )
