"""What the cache holds, and the name it is held under."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """The hash finds the slot, the identity decides the hit.

    ``slot`` is 32 hex digits (xxh3_128): the place in every tier. xxh3 is not collision-resistant,
    so ``identity``, 64 hex digits (sha256 of the same input), is stored with every entry and
    compared on every read.
    """

    slot: str
    identity: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Bytes, what they are the answer to, and a few small facts about them.

    ``meta`` is opaque to the cache: short ASCII strings, a few hundred bytes in all.
    """

    identity: str
    body: bytes
    meta: Mapping[str, str]
