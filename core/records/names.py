"""Which image holds a name: aliases of a project and of its flows, each held by one at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cache.entry import Key
from core.errors import AliasConflict
from core.purging.ports import Purge, Struck
from core.purging.tags import alias_tag, image_tag, key_tag
from core.records.database import Database
from core.records.purge_rows import project_with, write_down
from core.records.tables import flow_aliases, flows, images, projects


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one project in the hands of one transaction: nobody else changes them.

    Got from ``locked_names``. ``now`` is when the change happens.
    """

    database: Database
    connection: AsyncConnection
    project_id: str
    now: datetime

    async def give(self, image_id: str, alias: str | None, *, move: bool = True) -> None:
        """The project-level alias of an image that is not deleted; None takes it away.

        Raises AliasConflict when ``move`` is false and another image holds it.
        """
        live = (images.c.project_id == self.project_id, images.c.deleted_at.is_(None))
        moved = False
        if alias is not None:
            others = (*live, images.c.alias == alias, images.c.id != image_id)
            held = select(images.c.id).where(*others)
            if not move and await self.connection.scalar(held) is not None:
                raise AliasConflict
            let_go = update(images).where(*others).values(alias=None, updated_at=self.now)
            moved = (await self.connection.execute(let_go)).rowcount > 0
        own = (*live, images.c.id == image_id)
        lost = await self.connection.scalar(select(images.c.alias).where(*own))
        gift = update(images).where(*own).values(alias=alias, updated_at=self.now)
        await self.connection.execute(gift)
        changed = [alias] if moved else []
        changed += [lost] if lost is not None and lost != alias else []
        if changed and self.database.announces:
            await self._write_down([], [], *changed)

    async def give_in_flow(self, flow_id: str, alias: str, image_id: str) -> None:
        """The alias within a flow, which begins to exist with it."""
        await found_flow(self.database, self.connection, self.project_id, flow_id, at=self.now)
        row = {"project_id": self.project_id, "flow_id": flow_id, "alias": alias}
        gift = self.database.insert_absent(flow_aliases).values(row | {"image_id": image_id})
        if (await self.connection.execute(gift)).rowcount == 1:
            return
        same = [flow_aliases.c[name] == value for name, value in row.items()]
        moved = update(flow_aliases).where(*same).values(image_id=image_id)
        await self.connection.execute(moved)

    async def bury(self, image_id: str) -> None:
        """Soft-delete an image, which then holds no name."""
        await self.free(image_id)
        gone = update(images).where(*self._row(image_id), images.c.deleted_at.is_(None))
        values = {"alias": None, "deleted_at": self.now, "updated_at": self.now}
        await self.connection.execute(gone.values(values))

    async def withdraw(self, image_id: str) -> None:
        """Soft-delete an image, and write down what that purges: its copies everywhere and, when
        it is a live URL's that nothing else stands on, its bytes, so that the URL has another
        one made."""
        row = (*self._row(image_id), images.c.deleted_at.is_(None))
        facts = (images.c.slot, images.c.identity, images.c.origin, images.c.alias)
        before = (await self.connection.execute(select(*facts).where(*row))).one_or_none()
        if before is None:
            return
        await self.bury(image_id)
        same = (
            images.c.project_id == self.project_id,
            images.c.slot == before.slot,
            images.c.identity == before.identity,
        )
        others = select(images.c.id).where(*same, images.c.deleted_at.is_(None)).limit(1)
        gone = before.origin == "live" and await self.connection.scalar(others) is None
        if gone:
            await self.connection.execute(update(images).where(*same).values(stored=False))
        told = [key_tag(before.slot), image_tag(image_id)]
        await self._write_down(
            [Struck(Key(before.slot, before.identity), gone)], told, before.alias
        )

    async def erase(self, image_id: str) -> None:
        """Delete the image's row, and with it every name it held."""
        await self.free(image_id)
        await self.connection.execute(delete(images).where(*self._row(image_id)))

    async def free(self, image_id: str) -> None:
        """Its names in flows are nobody's."""
        held = flow_aliases.c
        own = (held.project_id == self.project_id, held.image_id == image_id)
        await self.connection.execute(delete(flow_aliases).where(*own))

    async def _write_down(
        self, struck: Sequence[Struck], told: list[str], *aliases: str | None
    ) -> None:
        project = await project_with(self.connection, self.project_id)
        told += [alias_tag(project.path, alias) for alias in aliases if alias is not None]
        # Where only names change nothing has to be carried out: they are looked up every time.
        purge = Purge(0, project, tuple(struck), self.now, ended=not struck)
        await write_down(self.database, self.connection, purge, told)

    def _row(self, image_id: str) -> tuple[ColumnElement[bool], ...]:
        return images.c.project_id == self.project_id, images.c.id == image_id


async def locked_names(
    database: Database, connection: AsyncConnection, project_id: str, now: datetime
) -> Names:
    """Wait until nobody else changes names of this project; the lock ends with the transaction.

    Whoever changes a holder comes this way first, before touching any other row. That puts all
    of them in one line: two claims of one name end with one holder, and none meets another's
    half-done work. New rows that refer to the project do not wait.
    """
    query = select(projects.c.id).where(projects.c.id == project_id)
    await connection.execute(query.with_for_update(key_share=True))
    return Names(database, connection, project_id, now)


async def found_flow(
    database: Database,
    connection: AsyncConnection,
    project_id: str,
    flow_id: str,
    *,
    at: datetime,
    meta: Mapping[str, Any] | None = None,
) -> None:
    """The flow exists afterwards; one that is there stays as it is."""
    row = {"project_id": project_id, "id": flow_id, "meta": dict(meta or {})}
    times = {"created_at": at, "updated_at": at}
    await connection.execute(database.insert_absent(flows).values(row | times))
