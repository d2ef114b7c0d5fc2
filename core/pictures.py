"""A picture as the cache's entry and back: the only place that knows the entry's small facts."""

from cache.entry import Entry
from core.models import Picture, VerifiedPicture

# Who made what people brought: nobody here, so it bears no mark of ours.
UPLOADED = "upload"


def entry_of(
    identity: str,
    verified: VerifiedPicture,
    *,
    image_id: str,
    generation_id: str,
    generator: str,
    stand_in: bool,
    created_at: int,
) -> Entry:
    """The entry to store: the picture's bytes and what must survive the loss of every record."""
    return Entry(
        identity=identity,
        body=verified.body,
        meta={
            "type": verified.mime_type,
            "digest": verified.digest,
            "created": str(created_at),
            "image": image_id,
            "generation": generation_id,
            "generator": generator,
            "standIn": "1" if stand_in else "0",
            "thumbHash": verified.thumb_hash,
            "color": verified.dominant_color,
            "width": str(verified.width),
            "height": str(verified.height),
        },
    )


def picture_of(slot: str, entry: Entry) -> Picture:
    """What is served from an entry."""
    meta = entry.meta
    return Picture(
        body=entry.body,
        mime_type=meta["type"],
        digest=meta["digest"],
        created_at=int(meta["created"]),
        image_id=meta["image"],
        generator=meta["generator"],
        thumb_hash=meta["thumbHash"],
        width=int(meta["width"]),
        height=int(meta["height"]),
        slot=slot,
        stand_in=meta["standIn"] == "1",
        dominant_color=meta.get("color", ""),
    )


def made_at(entry: Entry) -> int:
    """When the picture was made, in unix seconds."""
    return int(entry.meta["created"])
