"""Sums a picture up in a few bytes: a blurred preview and one colour."""

import base64

from PIL import Image
from thumbhash import rgba_to_thumb_hash

# The hash keeps at most seven waves per side, so 32 pixels lose nothing; its cost is per pixel.
_SIDE = 32
_COLORS = 6


def opaque(image: Image.Image) -> Image.Image:
    """The picture in RGB; where it is transparent, on white, as a page would show it."""
    if image.mode == "RGB":
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    paper.alpha_composite(layer)
    return paper.convert("RGB")


def small(image: Image.Image) -> Image.Image:
    """An opaque copy that fits 32 by 32 pixels, the shape kept."""
    scale = _SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return opaque(image).resize(size, Image.Resampling.BOX)


def thumb_hash(little: Image.Image) -> str:
    """The ThumbHash of a small opaque picture, in base64."""
    pixels = little.convert("RGBA").tobytes()
    return base64.b64encode(bytes(rgba_to_thumb_hash(*little.size, pixels))).decode("ascii")


def dominant_color(little: Image.Image) -> str:
    """``#rrggbb``: the largest of six groups of colours in a small opaque picture."""
    grouped = little.quantize(_COLORS, method=Image.Quantize.MEDIANCUT)
    palette = grouped.getpalette() or [255, 255, 255]
    counts = grouped.histogram()[:_COLORS]
    start = 3 * counts.index(max(counts))
    red, green, blue = palette[start : start + 3]
    return f"#{red:02x}{green:02x}{blue:02x}"
