"""All pictures on record, of all projects: for the checker that compares them with the store."""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import func, select, update

from core.records.database import Database
from core.records.images import SqlImageLibrary
from core.records.tables import derivatives, images, projects
from core.storage.checking import Inventory, PictureFacts

# Hex digits of a sha256.
_IDENTITY = 64
_FACTS = (
    images.c.id,
    images.c.project_id,
    images.c.slot,
    images.c.identity,
    images.c.digest,
    images.c.stored,
    images.c.deleted_at.is_not(None).label("deleted"),
)


class SqlInventory(Inventory):
    """Pictures on record. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database, library: SqlImageLibrary) -> None:
        self._database = database
        self._library = library

    async def count(self) -> int:
        """How many pictures there are, with the deleted ones."""
        async with self._database.reading() as connection:
            counted = await connection.scalar(select(func.count()).select_from(images))
        return counted or 0

    async def pages(self, size: int = 500) -> AsyncIterator[list[PictureFacts]]:
        """All pictures of all projects by id, also deleted ones, ``size`` at a time.

        No connection is held between two pages; what is written meanwhile may be missed.
        """
        page = await self._page("", size)
        while page:
            yield page
            page = await self._page(page[-1].id, size)

    async def known_slots(self, slots: Sequence[str]) -> frozenset[str]:
        """Which of these slots a picture of any project may stand in, deleted or not, or what was
        made from one.

        A slot with the longer name of an identity is a second one, for collisions.
        """
        second = [slot for slot in slots if len(slot) == _IDENTITY]
        first = [slot for slot in slots if len(slot) != _IDENTITY]
        # By way of the projects, whose index leads to the slots. Nothing leads to the identities,
        # but collisions are built, not met.
        anywhere = images.c.project_id.in_(select(projects.c.id))
        made = derivatives.c.project_id.in_(select(projects.c.id))
        known: set[str] = set()
        async with self._database.reading() as connection:
            for column, where, names in (
                (images.c.slot, anywhere, first),
                (images.c.identity, anywhere, second),
                (derivatives.c.slot, made, first),
                (derivatives.c.identity, made, second),
            ):
                if names:
                    query = select(column).where(where).where(column.in_(names))
                    known.update(await connection.scalars(query))
        return frozenset(known)

    async def mark(self, project_id: str, image_id: str, *, stored: bool) -> bool:
        """Note whether the bytes are in the store; False when there is no such record."""
        row = (images.c.project_id == project_id, images.c.id == image_id)
        noted = update(images).where(*row).values(stored=stored)
        async with self._database.writing() as connection:
            return (await connection.execute(noted)).rowcount == 1

    async def remove(self, project_id: str, image_id: str) -> bool:
        """Erase the record with the names it holds; False when there is none."""
        return await self._library.delete(project_id, image_id, hard=True) is not None

    async def _page(self, after: str, size: int) -> list[PictureFacts]:
        query = select(*_FACTS).where(images.c.id > after).order_by(images.c.id).limit(size)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [PictureFacts(**row) for row in rows]
