"""Tells a database that cannot answer now from a statement that is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import RecordsUnavailable

_RETRY_AFTER = 5.0
# Primary result codes of SQLite: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
_SQLITE_OUTAGES = frozenset({5, 6, 8, 10, 13, 14})
# Classes of SQLSTATE (PostgreSQL, appendix A): connection, authorization, catalog, rollback,
# resources, object not ready, operator intervention, system error; and writes to a standby.
_POSTGRES_OUTAGES = ("08", "28", "3D", "40", "53", "55", "57", "58", "25006")


class RecordsUnusable(Exception):
    """These records must not be used as they are; the message says what to do about it."""


@contextmanager
def outages_named() -> Iterator[None]:
    """Turn "no answer" into RecordsUnavailable; leave mistakes in our own statements alone."""
    try:
        yield
    except (PoolTimeout, OSError) as error:
        raise RecordsUnavailable(retry_after=_RETRY_AFTER) from error
    except (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if not _is_outage(error):
            raise
        raise RecordsUnavailable(retry_after=_RETRY_AFTER) from error


def _is_outage(error: Exception) -> bool:
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _driver_gave_up(error.orig)
    return _driver_gave_up(error)


def _driver_gave_up(error: BaseException | None) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        # The low byte is the primary code, the rest says more about it.
        return code & 0xFF in _SQLITE_OUTAGES
    state = getattr(error, "sqlstate", None)
    return isinstance(state, str) and state.startswith(_POSTGRES_OUTAGES)
