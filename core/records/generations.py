"""The durable log of paid work."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Update, select, update

from core.errors import GenerationCancelled
from core.models import Generation, Image
from core.ports import Generations
from core.records.database import Database
from core.records.names import locked_names
from core.records.outcomes import adopt
from core.records.references import add, generations_of
from core.records.rows import values_of
from core.records.tables import generations

OPEN = ("pending", "processing")
# A picture that was finished after all outranks the failure somebody noted too early.
_MAY_SUCCEED = (*OPEN, "failed")
# What others may have changed since the row was read stays as they left it.
_OTHERS = frozenset(
    {"id", "project_id", "created_at", "flow_id", "meta", "assign_alias", "assign_flow_alias"}
    | {"deleted_at", "attempt"}
)


class SqlGenerations(Generations):
    """Generations in SQL. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, generation: Generation) -> None:
        """Status ``processing``, of a new row or of the ``pending`` one with this id.

        The pending one takes the work's fields from ``generation``, but keeps its flow, aliases
        and meta. Raises GenerationCancelled when it is not pending any more, is deleted, or is
        at another attempt.
        """
        row = values_of(generation) | {"status": "processing"}
        work = {name: value for name, value in row.items() if name not in _OTHERS}
        waiting = (
            self._change(generation.project_id, generation.id, generation.attempt)
            .where(generations.c.status == "pending", generations.c.deleted_at.is_(None))
            .values(work | {"updated_at": self._clock()})
        )
        fresh = self._database.insert_absent(generations).values(row)
        async with self._database.writing() as connection:
            if (await connection.execute(fresh)).rowcount == 1:
                wanted = generation.reference_image_ids
                await add(connection, generation.project_id, generation.id, wanted)
            elif (await connection.execute(waiting)).rowcount != 1:
                raise GenerationCancelled(retry_after=1)

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
        return next(iter(await self._read(query)), None)

    async def note_job(
        self, project_id: str, generation_id: str, job_id: str, *, attempt: int = 0
    ) -> None:
        """Write the provider's job id down, whatever the status: it may have cost money.

        Raises LookupError when the project has no such generation at this attempt.
        """
        note = self._change(project_id, generation_id, attempt).values(job_id=job_id)
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
        attempt: int = 0,
    ) -> None:
        """Status ``success``, the image's record and the aliases asked for, in one transaction.

        Repeated, for a cancelled generation, or after another attempt began: no change. An
        image that has a record already keeps it. Raises LookupError when the project has no
        such generation, ValueError when the image is another project's.
        """
        if image.project_id != project_id:
            raise ValueError("The image belongs to another project.")
        ended = self._change(project_id, generation_id, attempt).where(
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
            now = self._clock()
            names = await locked_names(self._database, connection, project_id, now)
            if (await connection.execute(ended.values(outcome))).rowcount == 1:
                await adopt(names, image, generation_id)
                return
        if await self.get(project_id, generation_id) is None:
            raise LookupError(generation_id)

    async def fail(
        self, project_id: str, generation_id: str, code: str, message: str, *, attempt: int = 0
    ) -> None:
        """Status ``failed``, unless it already ended or another attempt has begun since."""
        ended = (
            self._change(project_id, generation_id, attempt)
            .where(generations.c.status.in_(OPEN))
            .values(status="failed", error_code=code, error_message=message)
        )
        async with self._database.writing() as connection:
            await connection.execute(ended)

    async def get(self, project_id: str, generation_id: str) -> Generation | None:
        """Also a deleted one."""
        query = select(generations).where(
            generations.c.project_id == project_id, generations.c.id == generation_id
        )
        return next(iter(await self._read(query)), None)

    async def abandoned(self, before: datetime, limit: int) -> list[Generation]:
        """The longest untouched open ones of all projects: for the sweeper alone."""
        query = (
            select(generations)
            .where(generations.c.status.in_(OPEN), generations.c.updated_at < before)
            .order_by(generations.c.updated_at, generations.c.id)
            .limit(limit)
        )
        return await self._read(query)

    async def _read(self, query: Any) -> list[Generation]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
            return await generations_of(connection, rows)

    def _change(self, project_id: str, generation_id: str, attempt: int) -> Update:
        return (
            update(generations)
            .where(generations.c.project_id == project_id, generations.c.id == generation_id)
            .where(generations.c.attempt == attempt)
            .values(updated_at=self._clock())
        )
