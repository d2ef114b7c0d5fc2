"""From a generator's bytes to a picture that may be stored: proven sound and marked as AI-made."""

import hashlib

from core.imaging.color import in_srgb
from core.imaging.decode import decode, ensure_shape
from core.imaging.limits import Limits
from core.imaging.marks import marked
from core.imaging.sniff import MIME_TYPES, sniff
from core.imaging.summary import dominant_color, small, thumb_hash
from core.models import VerifiedPicture


def prepare(
    raw: bytes, *, ratio: str | None, generator: str, limits: Limits | None = None
) -> VerifiedPicture:
    """The picture as it will be stored and served.

    ``ratio`` is the asked shape ("16:9"), None when any will do; ``generator`` is named in the
    mark. Metadata that could hold a prompt is gone; the pixels are those of ``raw`` (AVIF alone
    has to be encoded anew). Raises PictureUnsound in one of its kinds (core.imaging.errors),
    always with ``spent``: whoever made the bytes has been paid.
    """
    kind = sniff(raw)
    image = decode(raw, kind, limits or Limits())
    if ratio is not None:
        ensure_shape(image.width, image.height, ratio)
    body = marked(raw, kind, image, generator)
    little = small(in_srgb(image))
    return VerifiedPicture(
        body=body,
        mime_type=MIME_TYPES[kind],
        width=image.width,
        height=image.height,
        digest=hashlib.sha256(body).hexdigest(),
        thumb_hash=thumb_hash(little),
        dominant_color=dominant_color(little),
    )
