"""Decides which requests mean the same derivative."""

import json
from collections.abc import Mapping

from cache.entry import Entry, Key
from core.derivatives.facts import Facts
from core.identity import key_of
from core.models import Picture
from core.variants import Variant

FORMAT = "derivative/1"
# Facts beside the bytes: which slot the master stands in, and whether the store may take them.
MASTER = "master"
KEEP = "keep"


def derivative_key(facts: Facts, variant: Variant, encoders: str) -> Key:
    """The place of a derivative: one for all wishes that come to the same pixels and bytes.

    The master's identity keeps projects apart; its digest lets a picture that was made anew share
    nothing with the one it replaced. ``encoders`` is the version of what encodes.
    """
    layout = variant.layout
    parts = [
        FORMAT,
        facts.key.identity,
        facts.picture.digest,
        layout.width,
        layout.height,
        layout.crop,
        layout.inner,
        variant.format,
        variant.quality,
        encoders,
    ]
    return key_of(json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii"))


def meta_of(facts: Facts, variant: Variant, digest: str, *, kept: bool) -> Mapping[str, str]:
    """What stands beside the bytes: enough to tell in the store what they were made from."""
    return {
        "type": f"image/{variant.format}",
        "digest": digest,
        "width": str(variant.layout.width),
        "height": str(variant.layout.height),
        MASTER: facts.key.slot,
        "masterIdentity": facts.key.identity,
        KEEP: "1" if kept else "0",
    }


def picture_of(facts: Facts, entry: Entry) -> Picture:
    """The derivative as it is served; ``slot`` stays the master's, which names the picture."""
    master, meta = facts.picture, entry.meta
    return Picture(
        body=entry.body,
        mime_type=meta["type"],
        digest=meta["digest"],
        created_at=master.created_at,
        image_id=master.image_id,
        generator=master.generator,
        thumb_hash=master.thumb_hash,
        width=int(meta["width"]),
        height=int(meta["height"]),
        slot=facts.key.slot,
        stand_in=master.stand_in,
        dominant_color=master.dominant_color,
    )
