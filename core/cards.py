"""Small pictures that stand where a real one is missing: error cards, colour fields, previews."""

import colorsys
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont, ImageOps

from core.previews import preview_of

_LONGEST_SIDE = 512
_SQUARE = (_LONGEST_SIDE, _LONGEST_SIDE)
_PAPER, _INK = (236, 237, 240), (92, 97, 110)
_TONES = 64
_BEYOND = 0x10000


class Cards:
    """Draws each card once and keeps the last ones: a herd of errors costs one drawing."""

    def __init__(self, capacity: int = 256) -> None:
        self._error = lru_cache(maxsize=capacity)(error_card)
        self._waiting = lru_cache(maxsize=capacity)(waiting_card)
        self._preview = lru_cache(maxsize=capacity)(preview_card)

    def error(self, ratio: str, code: str) -> bytes:
        """As error_card()."""
        return self._error(ratio, code)

    def waiting(self, ratio: str, color: str) -> bytes:
        """As waiting_card()."""
        return self._waiting(ratio, color)

    def preview(self, ratio: str, thumb_hash: str) -> bytes:
        """As preview_card()."""
        return self._preview(ratio, thumb_hash)


def error_card(ratio: str, code: str) -> bytes:
    """A calm grey PNG, at most 512 pixels a side, with ``code`` on it for whoever builds the page.

    ``ratio`` is "16:9" or the like; anything else makes a square.
    """
    width, height = _size(ratio)
    field = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(field)
    edge = max(2, min(width, height) // 64)
    draw.rectangle((0, 0, width - 1, height - 1), outline=40, width=edge)
    lines = code.replace("_", " ").split() if width < height else [code]
    font = _fitting(lines, width * 0.82, height * 0.5)
    step = font.size * 1.35
    top = height / 2 - step * (len(lines) - 1) / 2
    for number, line in enumerate(lines):
        draw.text((width / 2, top + number * step), line, fill=255, font=font, anchor="mm")
    return _png(field, _PAPER, _INK)


def waiting_card(ratio: str, color: str) -> bytes:
    """A soft two-tone PNG from ``color`` (#rrggbb), at most 512 pixels a side."""
    size = _size(ratio)
    ramp = Image.linear_gradient("L")
    down = ramp.resize(size, Image.Resampling.BILINEAR)
    across = ramp.rotate(90).resize(size, Image.Resampling.BILINEAR)
    light = _rgb(color)
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in light))
    deep = colorsys.hls_to_rgb((hue + 0.06) % 1, lightness * 0.78, saturation)
    return _png(Image.blend(across, down, 0.6), light, _bytes(deep))


def preview_card(ratio: str, thumb_hash: str) -> bytes:
    """The blurred picture of a ThumbHash (base64) as a PNG, at most 512 pixels a side.

    What does not fit the ratio is cut off around the middle. Raises ValueError for no ThumbHash.
    """
    known = preview_of(thumb_hash)
    little = Image.frombytes("RGB", (known.width, known.height), known.pixels)
    # A palette would make steps; straight lines between its pixels cost half the bytes of curves.
    return _saved(ImageOps.fit(little, _size(ratio), Image.Resampling.BILINEAR), effort=6)


def color_of(text: str) -> str:
    """``#rrggbb``, calm and always the same for the same text.

    <live-img> works out the very same colour (live-img.js), so that the field a page shows before
    it hears from the server and the one the server sends are one.
    """
    hue = 0
    for character in text:
        # JavaScript counts in UTF-16: of a character beyond 16 bits it sees the first half.
        code = ord(character)
        first = code if code < _BEYOND else 0xD7C0 + (code >> 10)
        hue = (hue + first) * 137 % 360
    red, green, blue = _bytes(colorsys.hls_to_rgb(hue / 360, 0.72, 0.30))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _size(ratio: str) -> tuple[int, int]:
    across, _, down = ratio.partition(":")
    if not (across.isdecimal() and down.isdecimal() and int(across) and int(down)):
        return _SQUARE
    longest = max(int(across), int(down))
    width = max(1, round(_LONGEST_SIDE * int(across) / longest))
    return width, max(1, round(_LONGEST_SIDE * int(down) / longest))


def _fitting(lines: list[str], width: float, height: float) -> ImageFont.FreeTypeFont:
    """The font Pillow brings along, as large as the space allows."""
    size = 34.0
    font = _font(size)
    widest = max(font.getlength(line) for line in lines) or 1
    size = min(size, size * width / widest, height / len(lines) / 1.35)
    return _font(max(8.0, size))


def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _png(field: Image.Image, low: tuple[int, int, int], high: tuple[int, int, int]) -> bytes:
    """The grey field as a palette PNG whose tones run from ``low`` to ``high``."""
    tones = field.point([value * (_TONES - 1) // 255 for value in range(256)])
    card = Image.frombytes("P", field.size, tones.tobytes())
    card.putpalette(
        [
            round(first + (last - first) * tone / (_TONES - 1))
            for tone in range(_TONES)
            for first, last in zip(low, high, strict=True)
        ]
    )
    return _saved(card, effort=9)


def _saved(card: Image.Image, *, effort: int) -> bytes:
    buffer = BytesIO()
    card.save(buffer, "PNG", optimize=False, compress_level=effort)
    return buffer.getvalue()


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _bytes(color: tuple[float, float, float]) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, round(part * 255))) for part in color)
    return red, green, blue
