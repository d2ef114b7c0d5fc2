"""API keys as operators handle them: made, listed, revoked, rotated."""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import uuid_utils
from sqlalchemy import ColumnElement, Update, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import NotFound
from core.models import KEY_SCOPES, ApiKey, Project
from core.records.database import Database
from core.records.rows import key_of, key_values
from core.records.tables import api_keys
from core.records.tenants import select_keys

DEFAULT_LIFETIME = timedelta(days=90)
# The sha256 of the key printed in the founding document: everybody has read it.
DENIED = frozenset({"cbafe73d44cb1cd9babe0a26b667b989c6a759593e198cc8192b67e56c88d7d2"})
_KEY_FORM = re.compile(r"bnt_[0-9a-f]{64}")


class KeyRefused(ValueError):
    """This secret may not become a key; the message says why, without repeating it."""


class SqlKeys:
    """Keys in SQL: never a secret, only its sha256. Every method raises RecordsUnavailable."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        denied: frozenset[str] = DENIED,
    ) -> None:
        self._database = database
        self._clock = clock
        self._denied = denied

    async def create(
        self,
        *,
        name: str,
        project: Project | None,
        scopes: Iterable[str] = KEY_SCOPES,
        allowed_models: tuple[str, ...] | None = None,
        lifetime: timedelta | None = DEFAULT_LIFETIME,
    ) -> tuple[ApiKey, str]:
        """A new key and its secret, which is shown here and never again.

        Without a project it is a master key: it has no scopes and never expires.
        """
        secret = new_secret()
        key = self._draft(
            secret,
            name=name,
            project=project,
            scopes=scopes,
            allowed_models=allowed_models,
            lifetime=lifetime,
        )
        async with self._database.writing() as connection:
            await connection.execute(insert(api_keys).values(key_values(key)))
        return key, secret

    async def ensure(
        self,
        secret: str,
        *,
        name: str,
        project: Project | None,
        scopes: Iterable[str] = KEY_SCOPES,
        allowed_models: tuple[str, ...] | None = None,
    ) -> ApiKey:
        """The key with this secret, added without expiry if it is new.

        One that is there stays as it is: a revoked key is not revived by a forgotten setting.
        Raises KeyRefused for anything but ``bnt_`` and 64 hex digits, and for the key that was
        printed in public.
        """
        if _KEY_FORM.fullmatch(secret) is None:
            raise KeyRefused("An API key is bnt_ followed by 64 lower-case hexadecimal digits.")
        key = self._draft(
            secret,
            name=name,
            project=project,
            scopes=scopes,
            allowed_models=allowed_models,
            lifetime=None,
        )
        if key.secret_hash in self._denied:
            raise KeyRefused("This API key has been printed in public. Make a new one.")
        async with self._database.writing() as connection:
            absent = self._database.insert_absent(api_keys).values(key_values(key))
            await connection.execute(absent)
            return await _one(connection, api_keys.c.secret_hash == key.secret_hash)

    async def listed(self, project_id: str | None = None) -> list[ApiKey]:
        """All keys, or one project's, newest first; also the expired and the revoked."""
        query = select_keys().order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc())
        if project_id is not None:
            query = query.where(api_keys.c.project_id == project_id)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [key_of(row) for row in rows]

    async def revoke(self, key_id: str) -> ApiKey:
        """The key, revoked now or earlier. Raises NotFound (KEY_NOT_FOUND)."""
        revocation = (
            update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=self._clock())
        )
        async with self._database.writing() as connection:
            await connection.execute(revocation)
            return await _one(connection, api_keys.c.id == key_id)

    async def rotate(self, key_id: str, *, overlap: timedelta | None = None) -> tuple[ApiKey, str]:
        """A successor with the same rights and as long a life, and its secret.

        The old key goes on until it is revoked, or with ``overlap`` for at most that long.
        Raises NotFound (KEY_NOT_FOUND), also for a revoked key.
        """
        secret = new_secret()
        async with self._database.writing() as connection:
            old = await _one(connection, api_keys.c.id == key_id)
            if old.revoked_at is not None:
                raise NotFound("KEY")
            life = None if old.expires_at is None else old.expires_at - old.created_at
            new = self._draft(
                secret,
                name=old.name,
                project=old.project,
                scopes=old.scopes,
                allowed_models=old.allowed_models,
                lifetime=life,
            )
            await connection.execute(insert(api_keys).values(key_values(new)))
            if overlap is not None:
                await connection.execute(_ending(old, new.created_at + overlap))
        return new, secret

    def _draft(
        self,
        secret: str,
        *,
        name: str,
        project: Project | None,
        scopes: Iterable[str],
        allowed_models: tuple[str, ...] | None,
        lifetime: timedelta | None,
    ) -> ApiKey:
        now = self._clock()
        key = ApiKey(
            id=str(uuid_utils.uuid7()),
            type="project",
            name=name,
            prefix=secret[:10],
            secret_hash=hashlib.sha256(secret.encode()).hexdigest(),
            project=project,
            scopes=frozenset(scopes),
            allowed_models=allowed_models,
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
        )
        if project is not None:
            return key
        return replace(key, type="master", scopes=frozenset(), expires_at=None)


def new_secret() -> str:
    """A fresh API key: 256 random bits, which need no slow hash to be safe at rest."""
    return "bnt_" + secrets.token_hex(32)


async def _one(connection: AsyncConnection, which: ColumnElement[bool]) -> ApiKey:
    row = (await connection.execute(select_keys().where(which))).mappings().first()
    if row is None:
        raise NotFound("KEY")
    return key_of(row)


def _ending(key: ApiKey, at: datetime) -> Update:
    """Brings the key's expiry forward, never back."""
    ends = at if key.expires_at is None else min(at, key.expires_at)
    return update(api_keys).where(api_keys.c.id == key.id).values(expires_at=ends)
