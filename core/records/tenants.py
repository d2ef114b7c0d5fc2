"""Who may come in: projects, keys and scopes, looked up and founded."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import Any

import uuid_utils
from sqlalchemy import Select, Table, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.models import ApiKey, Project, Scope
from core.ports import Tenants
from core.records.database import Database
from core.records.rows import key_of, project_of, scope_of, values_of
from core.records.tables import api_keys, organizations, projects, scopes

_PROJECT = (
    organizations.c.slug.label("organization_slug"),
    projects.c.slug.label("project_slug"),
    projects.c.public.label("project_public"),
)
_SCOPE = tuple(scopes.c[field.name] for field in fields(Scope))
# The founded scope holds a page's own pictures: a page must not stop working after thirty free
# ones. What bounds it is money, not their number. (Other scopes begin with Scope's own default.)
_FOUNDED_LIMIT = 1_000_000


class SqlTenants(Tenants):
    """Tenants in SQL. Every method raises RecordsUnavailable."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def project(self, organization: str, slug: str) -> Project | None:
        query = select_projects().where(
            organizations.c.slug == organization, projects.c.slug == slug
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else project_of(row)

    async def scope(self, project_id: str, slug: str) -> Scope | None:
        query = select(*_SCOPE).where(scopes.c.project_id == project_id, scopes.c.slug == slug)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else scope_of(row)

    async def key(self, secret_hash: str) -> ApiKey | None:
        """The key with this sha256, also when it is expired or revoked."""
        query = select_keys().where(api_keys.c.secret_hash == secret_hash)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else key_of(row)

    async def touch_key(self, key_id: str, when: datetime) -> None:
        """Note that the key was used; a late note does not overwrite a newer one."""
        used = api_keys.c.last_used_at
        note = (
            update(api_keys)
            .where(api_keys.c.id == key_id, or_(used.is_(None), used < when))
            .values(last_used_at=when)
        )
        async with self._database.writing() as connection:
            await connection.execute(note)

    async def ensure(
        self, organization: str, project: str, scope: str, *, public: bool = True
    ) -> Project:
        """The project, founded with its organization and scope as far as they are missing.

        ``public`` counts only when the project is new. Slugs are the caller's to check.
        """
        now = self._clock()
        async with self._database.writing() as connection:
            owner = await self._organization(connection, organization, now)
            row = {"id": _new_id(), "organization_id": owner, "slug": project, "public": public}
            await self._insert_absent(connection, projects, row | {"created_at": now})
            founded = select_projects().where(
                projects.c.organization_id == owner, projects.c.slug == project
            )
            tenant = project_of((await connection.execute(founded)).mappings().one())
            founded_scope = Scope(_new_id(), tenant.id, scope, new_generations_limit=_FOUNDED_LIMIT)
            row = values_of(founded_scope)
            await self._insert_absent(
                connection, scopes, row | {"created_at": now, "updated_at": now}
            )
        return tenant

    async def _organization(self, connection: AsyncConnection, slug: str, now: datetime) -> str:
        row = {"id": _new_id(), "slug": slug, "created_at": now}
        await self._insert_absent(connection, organizations, row)
        named = select(organizations.c.id).where(organizations.c.slug == slug)
        return str((await connection.execute(named)).scalar_one())

    async def _insert_absent(
        self, connection: AsyncConnection, table: Table, row: dict[str, Any]
    ) -> None:
        await connection.execute(self._database.insert_absent(table).values(row))


def select_projects() -> Select[Any]:
    """Rows for ``project_of``."""
    return select(projects.c.id.label("project_id"), *_PROJECT).join_from(projects, organizations)


def select_keys() -> Select[Any]:
    """Rows for ``key_of``; master keys have no project."""
    source = api_keys.outerjoin(projects).outerjoin(organizations)
    return select(api_keys, *_PROJECT).select_from(source)


def _new_id() -> str:
    return str(uuid_utils.uuid7())
