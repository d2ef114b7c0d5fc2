"""The ids callers may choose themselves: a flow's, when they name one nobody knows yet."""

import re
from uuid import UUID

import uuid_utils

from core.errors import FieldError, Invalid

# The nil UUID (RFC 9562, 5.9): no record is called so.
NOBODYS = "00000000-0000-0000-0000-000000000000"
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def new_id() -> str:
    """A fresh UUIDv7 (RFC 9562): ids sort by the time they were made."""
    return str(uuid_utils.uuid7())


def checked_id(text: str, name: str) -> str:
    """A UUID in lower case; ``name`` is the field to blame. Raises Invalid with ID_INVALID."""
    if not isinstance(text, str) or _UUID.fullmatch(text) is None:
        raise Invalid(fields=[FieldError(name, "ID_INVALID", "Use a UUID.")])
    return str(UUID(text))


def asked_id(text: str) -> str:
    """A UUID in lower case as ids are written here; for what cannot be anybody's, nobody's."""
    return str(UUID(text)) if _UUID.fullmatch(text) else NOBODYS
