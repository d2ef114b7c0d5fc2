"""What each CDN's purge-by-tag API is sent: one call per batch of tags (pure)."""

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

Style = Literal["generic", "cloudflare", "fastly", "bunny", "varnish"]

DELIVERY = "X-Mirage-Delivery"
SIGNATURE = "X-Mirage-Signature"


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, without its address."""

    method: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the calls of one delivery have in common. ``now`` is in unix seconds."""

    delivery_id: str
    token: str
    secret: str
    now: int


Writer = Callable[[Occasion, tuple[str, ...]], Call]


@dataclass(frozen=True, slots=True)
class Dialect:
    """``batch`` is how many tags one call takes."""

    batch: int
    write: Writer


def dialect_of(style: Style) -> Dialect:
    return _DIALECTS[style]


def signature(secret: str, now: int, body: bytes) -> str:
    """``t=<unix seconds>,v1=<hex>``: HMAC-SHA256 over the time, a full stop and the body."""
    mac = hmac.new(secret.encode(), b"%d.%b" % (now, body), sha256)
    return f"t={now},v1={mac.hexdigest()}"


def _generic(occasion: Occasion, tags: tuple[str, ...]) -> Call:
    body = _json({"id": occasion.delivery_id, "tags": tags})
    headers = {"Content-Type": "application/json", DELIVERY: occasion.delivery_id}
    if occasion.token:
        headers["Authorization"] = f"Bearer {occasion.token}"
    if occasion.secret:
        headers[SIGNATURE] = signature(occasion.secret, occasion.now, body)
    return Call("POST", headers, body)


def _cloudflare(occasion: Occasion, tags: tuple[str, ...]) -> Call:
    """POST /client/v4/zones/{zone}/purge_cache."""
    return _posted({"Authorization": f"Bearer {occasion.token}"}, {"tags": tags})


def _fastly(occasion: Occasion, tags: tuple[str, ...]) -> Call:
    """POST /service/{service}/purge, the batch form."""
    return _posted({"Fastly-Key": occasion.token}, {"surrogate_keys": tags})


def _bunny(occasion: Occasion, tags: tuple[str, ...]) -> Call:
    """POST /pullzone/{id}/purgeCache takes a single tag."""
    return _posted({"AccessKey": occasion.token}, {"CacheTag": tags[0]})


def _varnish(occasion: Occasion, tags: tuple[str, ...]) -> Call:
    """What docs/varnish.vcl turns into one ban."""
    headers = {"Cache-Tag": ",".join(tags)}
    if occasion.token:
        headers["X-Purge-Token"] = occasion.token
    return Call("BAN", headers, b"")


def _posted(credential: dict[str, str], content: object) -> Call:
    kind = {"Content-Type": "application/json", "Accept": "application/json"}
    return Call("POST", credential | kind, _json(content))


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


_DIALECTS: Mapping[Style, Dialect] = {
    "generic": Dialect(1000, _generic),
    # Newer plans take 100, every plan takes 30.
    "cloudflare": Dialect(30, _cloudflare),
    "fastly": Dialect(256, _fastly),
    "bunny": Dialect(1, _bunny),
    # Varnish takes 8 KiB of one header line; a tag has at most 131 characters.
    "varnish": Dialect(50, _varnish),
}
