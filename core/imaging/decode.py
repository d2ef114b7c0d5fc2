"""Decodes a picture completely, within limits, or refuses it."""

from io import BytesIO

from PIL import Image

from core.imaging.errors import (
    PictureAnimated,
    PictureBroken,
    PictureMisshapen,
    PictureOversized,
)
from core.imaging.limits import Limits

# The models' own sizes are multiples of 16 or 32 and miss the ratio by up to 4 %.
TOLERANCE = 0.06


def decode(body: bytes, kind: str, limits: Limits) -> Image.Image:
    """The decoded picture, every pixel of it read.

    ``kind`` is what sniff() said; no other decoder is tried. Raises PictureOversized,
    PictureAnimated, PictureBroken.
    """
    if len(body) > limits.max_bytes:
        raise PictureOversized
    try:
        # Checks the structure (in a PNG every checksum) and spoils the object, hence twice.
        with _opened(body, kind, limits) as image:
            image.verify()
        image = _opened(body, kind, limits)
        image.load()
    except (OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, ArithmeticError):
        # What Pillow's decoders are known to raise for malformed bytes.
        raise PictureBroken from None
    return image


def _opened(body: bytes, kind: str, limits: Limits) -> Image.Image:
    try:
        image = Image.open(BytesIO(body), formats=(kind,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureOversized from None
    # Only the header has been read so far: this is before any pixel costs memory.
    if image.width * image.height > limits.max_pixels:
        image.close()
        raise PictureOversized
    if getattr(image, "is_animated", False):
        image.close()
        raise PictureAnimated
    if image.format != kind:
        image.close()
        raise PictureBroken
    return image


def ensure_shape(width: int, height: int, ratio: str) -> None:
    """Raises PictureMisshapen when width to height is more than 6 % off ``ratio`` ("16:9")."""
    across, down = (int(term) for term in ratio.split(":"))
    if abs(width * down / (height * across) - 1) > TOLERANCE:
        raise PictureMisshapen
