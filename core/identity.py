"""Decides which requests mean the same picture: a canonical identity, and the key made of it.

docs/identity.md publishes the format; tests/vectors/identity.json holds examples.
"""

import json
from collections.abc import Sequence
from hashlib import sha256

from xxhash import xxh3_128_hexdigest

from cache.entry import Key
from core.live_request import DEFAULT_TEMPLATE, SEED_LIMIT, LiveRequest
from core.models import Model

FORMAT = "picture/1"


def identity_of(
    project_path: str,
    model: Model,
    request: LiveRequest,
    enhancement: str | None,
    references: Sequence[str] = (),
    *,
    variation: str | None = None,
) -> bytes:
    """Everything that decides how the picture looks, as a canonical JSON array in ASCII.

    ``project_path`` is ``organization/project`` by slug: row ids die with a lost database, and
    what was paid for must outlive it. ``enhancement`` is the version of the prompt enhancer; it
    counts only when the request wants it. ``references`` are the sha256 digests of the reference
    pictures, in the order of use. ``variation`` sets a picture apart that was made anew for the
    same request; without one the array has no place for it, so that first pictures keep their
    identity. An array, because text moves across the joints of joined strings.
    """
    enhanced = request.auto_enhance
    parts = [
        FORMAT,
        project_path,
        model.name,
        model.version,
        request.prompt,
        request.ratio,
        request.seed,
        (request.template or DEFAULT_TEMPLATE) if enhanced else None,
        enhancement if enhanced else None,
        list(references),
    ]
    if variation is not None:
        parts.append(variation)
    return json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def key_of(identity: bytes) -> Key:
    """The slot that holds the picture, and the digest that proves it is the right one."""
    return Key(slot=xxh3_128_hexdigest(identity), identity=sha256(identity).hexdigest())


def derived_seed(key: Key) -> int:
    """The seed, 0 to SEED_LIMIT, of a picture whose caller asked for none: always the same."""
    return int(key.identity[:8], 16) & SEED_LIMIT
