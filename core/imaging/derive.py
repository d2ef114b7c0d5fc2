"""From a stored master to one of its sizes and formats."""

from io import BytesIO

from PIL import Image

from core.imaging.color import in_srgb
from core.imaging.decode import DECODING_ERRORS, ensure_within
from core.imaging.encode import encoded
from core.imaging.errors import PictureBroken
from core.imaging.limits import Limits
from core.imaging.marks import packet
from core.imaging.normal import turn_of
from core.variants import Encoding, Layout, Size, Variant

_KINDS: dict[Encoding, str] = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP", "avif": "AVIF"}
# Halving by whole pixels first, as long as twice the wanted size is left: no eye sees it, and it
# saves half of the time of a thumbnail.
_GAP = 2.0
# As true as Lanczos to what a camera would have seen, in two thirds of the time, and what it leaves
# out in ringing is 4 % of every file.
_FILTER = Image.Resampling.BICUBIC
# A JPEG of more pixels than this is decoded at a fraction of its size, where that is enough.
_LARGE = 4_000_000
_FRACTIONS = (8, 4, 2)
_WHITE = "#ffffff"


def reduction(encoding: Encoding, size: Size, layout: Layout) -> int:
    """By how much a master of this size may be shrunk while it is decoded: 1, 2, 4 or 8."""
    if encoding != "jpeg" or size[0] * size[1] <= _LARGE:
        return 1
    left, top, right, bottom = layout.crop or (0, 0, *size)
    across, down = layout.inner or (layout.width, layout.height)
    room = min((right - left) / across, (bottom - top) / down) / _GAP
    return next((fraction for fraction in _FRACTIONS if fraction <= room), 1)


def decoded(
    body: bytes, encoding: Encoding, fraction: int = 1, limits: Limits | None = None
) -> Image.Image:
    """The master's pixels, upright, in L, RGB or RGBA of sRGB, at a fraction of the size.

    Masters were proven sound when they were stored, so this trusts more than
    core.imaging.decode. Raises PictureOversized, PictureBroken.
    """
    bounds = limits or Limits()
    try:
        image = Image.open(BytesIO(body), formats=(_KINDS[encoding],))
        # Of the bytes whoever stored them has thought.
        ensure_within(0, bounds, image.size)
        if fraction > 1:
            image.draft(None, (image.width // fraction, image.height // fraction))
        turn = turn_of(image)
        image.load()
        pixels = in_srgb(image)
    except (*DECODING_ERRORS, Image.DecompressionBombError):
        raise PictureBroken from None
    return pixels if turn is None else pixels.transpose(turn)


def may_be_transparent(body: bytes, encoding: Encoding) -> bool:
    """Whether the header speaks of transparency; no pixel is looked at."""
    if encoding == "jpeg":
        return False
    try:
        with Image.open(BytesIO(body), formats=(_KINDS[encoding],)) as image:
            return image.has_transparency_data
    except (*DECODING_ERRORS, Image.DecompressionBombError):
        return False


def derived(
    image: Image.Image, size: Size, variant: Variant, *, color: str, generator: str | None
) -> bytes:
    """The variant of a decoded master, as a file.

    ``size`` is the master's, in whose pixels the variant was planned. ``color`` (``#rrggbb``) is
    put around a picture that does not fill its paper. ``generator`` is named in the AI mark; None:
    nobody's machine made this.
    """
    layout = variant.layout
    inner = layout.inner or (layout.width, layout.height)
    picture = _resized(image, inner, _box(image, size, layout))
    paper = _WHITE
    if layout.inner is not None:
        paper = color or _WHITE
        picture = _centred(picture, (layout.width, layout.height), paper)
    xmp = None if generator is None else packet(generator)
    return encoded(picture, variant.format, variant.quality, paper=paper, xmp=xmp)


def _resized(
    image: Image.Image, size: Size, box: tuple[float, float, float, float] | None
) -> Image.Image:
    if size == image.size and box is None:
        return image
    if image.mode != "RGBA":
        return image.resize(size, _FILTER, box=box, reducing_gap=_GAP)
    # Colours weighed by their opacity, or what is invisible would bleed into what is not.
    weighed = image.convert("RGBa")
    small = weighed.resize(size, _FILTER, box=box, reducing_gap=_GAP)
    return small.convert("RGBA")


def _box(
    image: Image.Image, size: Size, layout: Layout
) -> tuple[float, float, float, float] | None:
    """The crop in pixels of what was decoded."""
    if layout.crop is None:
        return None
    across, down = image.width / size[0], image.height / size[1]
    left, top, right, bottom = layout.crop
    return (
        left * across,
        top * down,
        min(right * across, float(image.width)),
        min(bottom * down, float(image.height)),
    )


def _centred(picture: Image.Image, size: Size, color: str) -> Image.Image:
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    paper = Image.new(mode, size, color)
    corner = ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2)
    paper.paste(picture.convert(mode), corner)
    return paper
