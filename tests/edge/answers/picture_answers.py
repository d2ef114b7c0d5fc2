"""Answers about one picture, without a server: what was asked, and what is sent."""

import hashlib
from typing import Any

from core.models import Picture
from edge.answers.answer import Answer
from edge.answers.conditional import Conditions
from edge.answers.freshness import Policy
from edge.answers.responses import (
    How,
    Way,
    picture_answer,
    prepare,
)

BODY = bytes(range(256)) * 4
DIGEST = hashlib.sha256(BODY).hexdigest()
ETAG = f'"sha256-{DIGEST[:32]}"'
NOW = 1_790_000_000
CREATED = 1_789_000_000
MODIFIED = "Thu, 10 Sep 2026 00:26:40 GMT"
SLOT = "0123456789abcdef0123456789abcdef"
PUBLIC = Policy(project="main/site", public=True, cors_public=True)
KEYED = Policy(project="main/site", public=False, cors_public=True)
PRIVATE = Policy(project="main/vault", public=False, cors_public=False)
NO_CONDITIONS = Conditions()
SHARED = "public, max-age=86400, stale-while-revalidate=604800, stale-if-error=2592000"
SHARED_BY_CDN = "max-age=31536000, stale-while-revalidate=604800, stale-if-error=2592000"
UNCACHEABLE = {
    "cache-control": "private, no-store",
    "cdn-cache-control": "no-store",
    "x-accel-expires": "0",
}


def picture(**changes: Any) -> Picture:
    facts: dict[str, Any] = {
        "body": BODY,
        "mime_type": "image/png",
        "digest": DIGEST,
        "created_at": CREATED,
        "image_id": "0199-image",
        "generator": "replicate",
        "thumb_hash": "AbC+/w==",
        "dominant_color": "#8a9bac",
        "width": 1024,
        "height": 1024,
        "slot": SLOT,
        "stand_in": False,
    }
    return Picture(**(facts | changes))


def answer(
    conditions: Conditions = NO_CONDITIONS,
    *,
    method: str = "GET",
    policy: Policy = PUBLIC,
    how: How = "hit",
    stored: bool = True,
    way: Way | None = None,
    **changes: Any,
) -> Answer:
    prepared = prepare(picture(**changes), policy, way or Way(how, stored=stored), now=NOW)
    return picture_answer(prepared, method, conditions)


def shown(answered: Answer) -> dict[str, str]:
    """The headers by name; every name at most once, all of them lower case."""
    names = [name for name, _ in answered.raw_headers]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)
    return {name.decode(): value.decode() for name, value in answered.raw_headers}
