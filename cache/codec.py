"""One format for an entry in every tier: the body, then a trailer that vouches for it.

    body | trailer | xxh3_64(trailer), 8 bytes | length of trailer, 4 bytes | magic, 8 bytes

The trailer is canonical JSON: format version, identity, meta, length and xxh3_128 of the body. The
body comes first so that a stored file is still what it was, a picture any viewer opens: PNG, JPEG,
WebP and AVIF all end where they say, and readers ignore what follows.
"""

import struct
from typing import Any

import orjson
import xxhash

from cache.entry import Entry
from cache.errors import EntryCorrupt

FORMAT = 1
_MAGIC = b"\x89MIRAGE\n"
_FOOT = struct.Struct(">8sI8s")
_LONGEST_TRAILER = 64 * 1024


def encode(entry: Entry) -> bytes:
    """The entry as bytes. Raises ValueError when identity and meta exceed 64 KiB."""
    trailer = orjson.dumps(
        {
            "format": FORMAT,
            "identity": entry.identity,
            "meta": dict(entry.meta),
            "length": len(entry.body),
            "digest": xxhash.xxh3_128_hexdigest(entry.body),
        },
        option=orjson.OPT_SORT_KEYS,
    )
    if len(trailer) > _LONGEST_TRAILER:
        raise ValueError("the facts beside the body are too long to store")
    foot = _FOOT.pack(xxhash.xxh3_64_digest(trailer), len(trailer), _MAGIC)
    return b"".join((entry.body, trailer, foot))


def decode(stored: bytes) -> Entry:
    """The entry these bytes hold, every one of them checked. Raises EntryCorrupt."""
    end = len(stored) - _FOOT.size
    if end < 0:
        raise EntryCorrupt("too short to be an entry")
    checksum, length, magic = _FOOT.unpack_from(stored, end)
    if magic != _MAGIC or not 0 < length <= min(end, _LONGEST_TRAILER):
        raise EntryCorrupt("no entry ends like this")
    trailer = stored[end - length : end]
    if xxhash.xxh3_64_digest(trailer) != checksum:
        raise EntryCorrupt("the trailer fails its checksum")
    facts = _facts_of(trailer)
    body = stored[: end - length]
    if facts["length"] != len(body) or facts["digest"] != xxhash.xxh3_128_hexdigest(body):
        raise EntryCorrupt("the body fails its checksum")
    return Entry(facts["identity"], body, facts["meta"])


def _facts_of(trailer: bytes) -> dict[str, Any]:
    try:
        facts = orjson.loads(trailer)
    except orjson.JSONDecodeError as error:
        raise EntryCorrupt("the trailer is no JSON") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise EntryCorrupt("written in a format this version does not know")
    meta = facts.get("meta")
    if not (
        isinstance(facts.get("identity"), str)
        and isinstance(facts.get("length"), int)
        and isinstance(facts.get("digest"), str)
        and isinstance(meta, dict)
        and all(isinstance(fact, str) for fact in meta.values())
    ):
        raise EntryCorrupt("the trailer lacks a fact")
    return facts
