"""Decodes a picture completely, within limits, or refuses it."""

import struct
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

# What Pillow's decoders are known to raise for malformed bytes; AVIF's has only RuntimeError.
DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    # Where warnings are errors: a picture that is whole gives no reason for one.
    UserWarning,
)


def decode(body: bytes, kind: str, limits: Limits) -> Image.Image:
    """The decoded picture, every pixel of it read.

    ``kind`` is what sniff() said; no other decoder is tried. Raises PictureOversized,
    PictureAnimated, PictureBroken.
    """
    ensure_within(len(body), limits)
    try:
        # Checks the structure (in a PNG every checksum) and spoils the object, hence twice.
        with _opened(body, kind, limits) as image:
            image.verify()
        image = _opened(body, kind, limits)
        image.load()
    except DECODING_ERRORS:
        raise PictureBroken from None
    return image


def _opened(body: bytes, kind: str, limits: Limits) -> Image.Image:
    try:
        image = Image.open(BytesIO(body), formats=(kind,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureOversized from None
    try:
        ensure_within(len(body), limits, image.size)
    except PictureOversized:
        image.close()
        raise
    if getattr(image, "is_animated", False):
        image.close()
        raise PictureAnimated
    if image.format != kind:
        image.close()
        raise PictureBroken
    return image


def ensure_within(length: int, limits: Limits, size: tuple[int, int] = (0, 0)) -> None:
    """Raises PictureOversized. ``size`` is what the header says: no pixel has cost memory yet."""
    width, height = size
    if length > limits.max_bytes or width * height > limits.max_pixels:
        raise PictureOversized


def ensure_shape(width: int, height: int, ratio: str) -> None:
    """Raises PictureMisshapen when width to height is more than 6 % off ``ratio`` ("16:9")."""
    across, down = (int(term) for term in ratio.split(":"))
    if abs(width * down / (height * across) - 1) > TOLERANCE:
        raise PictureMisshapen
