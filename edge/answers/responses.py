"""Builds every answer that carries or describes a picture; pure until it is sent."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Literal

import orjson

from core.models import Picture
from core.purging.tags import ANY, KEY_DIGITS, image_tag, key_tag, project_tag
from edge.answers.answer import Answer, with_body
from edge.answers.conditional import Conditions, Part, Selection, http_date, select
from edge.answers.freshness import (
    NO_STORE,
    UNKEPT,
    Freshness,
    Policy,
    RawHeaders,
    freshness,
)
from edge.answers.headers import NOSNIFF, SANDBOX, looks, reading_rules
from edge.answers.problem import HttpError

How = Literal["hit", "miss", "coalesced"]

_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/avif": "avif"}
_NOINDEX = (b"x-robots-tag", b"noindex")
_HEAD_ABSENT = b'edge; fwd=uri-miss; stored=?0; detail="head-not-generated"'
_PENDING_PAUSE = (b"retry-after", b"2")
_VARY = (b"vary", b"Accept")
_DERIVED = '; detail="derived"'
_SPOOLED = '; detail="spooled"'
_PURGED = '; detail="purged"'


class RangeNotSatisfiable(HttpError):
    """416, with the length that would have been possible (RFC 9110, 15.5.17)."""

    status = 416
    code = "RANGE_NOT_SATISFIABLE"
    message = "The picture is shorter than the range that was asked for."

    def __init__(self, length: int) -> None:
        super().__init__(
            headers=((b"content-range", b"bytes */%d" % length), (b"accept-ranges", b"bytes"))
        )


@dataclass(frozen=True, slots=True)
class PreparedHit:
    """One picture's answers, decided once: the headers of its 200 and of its 304.

    ``reusable_until`` is in unix seconds: with a signed URL's ``exp`` the freshness shrinks by the
    second, so those headers are right for the current second only. None: for ever.
    """

    raw_headers: RawHeaders
    not_modified: RawHeaders
    body: bytes
    etag: str
    modified: int
    reusable_until: int | None


@dataclass(frozen=True, slots=True)
class Way:
    """How a picture came to be in hand.

    ``stored=False``: the store refused the write. ``derived``: it was encoded just now, from a
    stored master. ``vary``: its format was chosen by what the caller accepts. ``final=False``: a
    better format is on its way. What is not stored or not final is kept by nobody for long, what
    was ``purged`` on its way by nobody at all.
    """

    how: How
    stored: bool = True
    derived: bool = False
    vary: bool = False
    final: bool = True
    purged: bool = False


def prepare(picture: Picture, policy: Policy, way: Way, *, now: int) -> PreparedHit:
    """All headers this picture's answers may need; ``now`` in unix seconds, rounded up.

    A second begun is a second less, or what is kept would outlive a signed URL by a part of one.
    """
    etag = f'"sha256-{picture.digest[:32]}"'
    provisional = picture.stand_in or not (way.stored and way.final)
    kept = UNKEPT if way.purged else freshness(policy, provisional=provisional, now=now)
    validators = [
        (b"etag", etag.encode("ascii")),
        (b"last-modified", http_date(picture.created_at).encode("ascii")),
    ]
    common = [*kept.headers, *_cache_lines(way, kept), *_tags(picture, policy)]
    common += reading_rules(public=policy.cors_public)
    if not policy.indexable:
        common.append(_NOINDEX)
    if way.vary:
        common.append(_VARY)
    return PreparedHit(
        raw_headers=[*_content(picture), *validators, *common],
        not_modified=[*validators, *common],
        body=picture.body,
        etag=etag,
        modified=picture.created_at,
        reusable_until=None if policy.expires_at is None else now,
    )


def picture_answer(prepared: PreparedHit, method: str, conditions: Conditions) -> Answer:
    """200, 206 or 304, with or without a body. Raises RangeNotSatisfiable."""
    length = len(prepared.body)
    chosen = select(
        method, conditions, etag=prepared.etag, modified=prepared.modified, length=length
    )
    if isinstance(chosen, Part):
        return _partial(prepared, chosen)
    if chosen is Selection.NOT_MODIFIED:
        return Answer(304, prepared.not_modified)
    if chosen is Selection.UNSATISFIABLE:
        raise RangeNotSatisfiable(length)
    return Answer(200, prepared.raw_headers, b"" if method == "HEAD" else prepared.body)


def absent_answer(*, public: bool) -> Answer:
    """To a HEAD for a picture nobody has made: nothing is known of it, nothing may be kept."""
    headers = [*NO_STORE, (b"cache-status", _HEAD_ABSENT), NOSNIFF, *reading_rules(public=public)]
    return Answer(200, headers)


def pending_answer(
    generation_id: str | None,
    *,
    placeholder: bytes | None = None,
    public: bool,
    respond_async: bool = False,
    preview: RawHeaders | None = None,
) -> Answer:
    """202: the work goes on. ``placeholder`` is a PNG for image clients; the others get JSON.

    ``preview`` are the lines of looks(), when it is known what the picture will be.
    """
    headers = [*NO_STORE, _PENDING_PAUSE, NOSNIFF, SANDBOX, *reading_rules(public=public)]
    headers += preview or []
    if generation_id is not None:
        link = f'</api/v1/generations/{generation_id}>; rel="monitor"'
        headers.append((b"link", link.encode("ascii")))
    if respond_async:
        headers.append((b"preference-applied", b"respond-async"))
    if placeholder is not None:
        return with_body(202, headers, b"image/png", placeholder)
    data = {"status": "processing", "id": generation_id}
    body = orjson.dumps({"success": True, "data": data})
    return with_body(202, headers, b"application/json", body)


def preflight_answer(*, public: bool) -> Answer:
    """To OPTIONS on a live route; without CORS lines for those who may not read the answer."""
    headers: RawHeaders = [*NO_STORE, (b"allow", b"GET, HEAD, OPTIONS")]
    if public:
        headers += [
            (b"access-control-allow-origin", b"*"),
            (b"access-control-allow-methods", b"GET, HEAD"),
            (b"access-control-allow-headers", b"X-API-Key, Range, If-None-Match, Prefer"),
            (b"access-control-max-age", b"600"),
        ]
    return Answer(204, headers)


def _content(picture: Picture) -> RawHeaders:
    """The lines that describe the bytes themselves."""
    extension = _EXTENSIONS[picture.mime_type]
    name = f'inline; filename="{picture.slot[:KEY_DIGITS]}.{extension}"'
    return [
        (b"content-type", picture.mime_type.encode("ascii")),
        (b"content-length", b"%d" % len(picture.body)),
        (b"accept-ranges", b"bytes"),
        # RFC 9530; of the whole picture, also on a part of it.
        (b"repr-digest", b"sha-256=:%s:" % b64encode(bytes.fromhex(picture.digest))),
        (b"content-disposition", name.encode("ascii")),
        NOSNIFF,
        SANDBOX,
        (b"x-image-id", picture.image_id.encode("ascii")),
        (b"x-generator", picture.generator.encode("ascii")),
        *looks(picture.thumb_hash, picture.dominant_color),
    ]


def _cache_lines(way: Way, kept: Freshness) -> RawHeaders:
    """Cache-Status (RFC 9211) and its short form for people.

    What was encoded from a stored master is a hit all the same: nothing was generated.
    """
    detail = "" if way.stored else _SPOOLED
    if way.purged:
        detail = _PURGED
    if way.how == "hit":
        status = f"edge; hit; ttl={kept.seconds}" + (detail or (_DERIVED if way.derived else ""))
    else:
        path = "collapsed" if way.how == "coalesced" else "fwd-status=200"
        kept_here = "stored" if not detail else f"stored=?0{detail}"
        status = f"edge; fwd=uri-miss; {path}; {kept_here}"
    return [
        (b"cache-status", status.encode("ascii")),
        (b"x-cache-status", way.how.upper().encode("ascii")),
    ]


def _tags(picture: Picture, policy: Policy) -> RawHeaders:
    """By what a CDN can be asked to forget this answer."""
    tags = (
        ANY,
        key_tag(picture.slot),
        image_tag(picture.image_id),
        project_tag(policy.project),
        *policy.tags,
    )
    return [
        (b"cache-tag", ",".join(tags).encode("ascii")),
        (b"surrogate-key", " ".join(tags).encode("ascii")),
    ]


def _partial(prepared: PreparedHit, part: Part) -> Answer:
    body = prepared.body[part.start : part.stop]
    place = b"bytes %d-%d/%d" % (part.start, part.stop - 1, len(prepared.body))
    headers = [
        (name, b"%d" % len(body)) if name == b"content-length" else (name, value)
        for name, value in prepared.raw_headers
    ]
    return Answer(206, [*headers, (b"content-range", place)], body)
