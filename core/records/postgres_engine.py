"""PostgreSQL through asyncpg, with a limit on how long anything may take."""

from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

_CONNECT_SECONDS = 2.0
_STATEMENT_SECONDS = 2.0
_POOL_SECONDS = 5.0
_STATEMENT_CACHE = "prepared_statement_cache_size"


def postgres_engine(dsn: str, connections: int = 10) -> AsyncEngine:
    """A pool that tests a connection before it hands it out, so that a restart heals itself."""
    return create_async_engine(
        "postgresql+asyncpg://",
        connect_args=_connect_arguments(dsn, _STATEMENT_SECONDS),
        pool_pre_ping=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
    )


def postgres_migration_engine(dsn: str) -> AsyncEngine:
    """Connections without a statement limit: a migration takes as long as it takes."""
    return create_async_engine(
        "postgresql+asyncpg://", connect_args=_connect_arguments(dsn, None), poolclass=NullPool
    )


def _connect_arguments(dsn: str, command_timeout: float | None) -> dict[str, Any]:
    """The driver reads the URL itself: it knows sslmode, sockets, several hosts, passfile.

    ``?prepared_statement_cache_size=0`` is for connection poolers in transaction mode, where a
    prepared statement does not survive the transaction and its name may be taken.
    """
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    cached = query.pop(_STATEMENT_CACHE, None)
    pooled: dict[str, Any] = {}
    if cached is not None:
        dsn = urlunsplit(parts._replace(query=urlencode(query)))
        pooled[_STATEMENT_CACHE] = int(cached)
    if cached == "0":
        pooled["prepared_statement_name_func"] = _unique_name
    connect = partial(
        asyncpg.connect,
        dsn,
        timeout=_CONNECT_SECONDS,
        command_timeout=command_timeout,
        **({"statement_cache_size": 0} if cached == "0" else {}),
    )
    return {"async_creator_fn": connect, **pooled}


def _unique_name() -> str:
    return f"edge_{uuid4().hex}"
