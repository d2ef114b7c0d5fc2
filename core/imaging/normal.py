"""What pixels need to be seen as they were meant: a turn, and eight bits."""

from PIL import Image

from core.imaging.decode import DECODING_ERRORS

_ORIENTATION = 0x0112
# TIFF 6.0, section 8: how the stored pixels have to be turned to be seen as they were taken.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """The turn its metadata ask for; None when it is upright."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except DECODING_ERRORS:
        # Unreadable metadata are no reason to refuse sound pixels.
        return None
    return _TURNS.get(value) if isinstance(value, int) else None


def eight_bit(image: Image.Image) -> Image.Image:
    """Grey of 16 bits in 8, which Pillow's own conversion would only clip."""
    if not image.mode.startswith("I"):
        return image
    return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
