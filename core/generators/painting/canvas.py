"""A canvas in pixels of the finished picture, drawn at twice the size for smooth edges."""

from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageDraw

from core.generators.painting.palette import Color, mix

_SCALE = 2
# What Pillow's radial gradient holds in the middle of an edge; 255 is only in the corners.
_RIM = 179
Point = tuple[float, float]


class Canvas:
    """Everything is given in pixels of the finished picture; ``unit`` is its shorter side."""

    def __init__(self, width: int, height: int, stops: Sequence[tuple[float, Color]]) -> None:
        self.width = width
        self.height = height
        self.unit = min(width, height)
        self._image = _upright(width, height, stops)
        self._draw = ImageDraw.Draw(self._image)
        self._scale = 1

    def sharpen(self) -> None:
        """From soft light, which needs no smooth edges, to shapes, which do."""
        self._scale = _SCALE
        self._image = self._image.resize(
            (self.width * _SCALE, self.height * _SCALE), Image.Resampling.BILINEAR
        )
        self._draw = ImageDraw.Draw(self._image)

    def finished(self) -> Image.Image:
        return self._image.reduce(self._scale)

    def glow(self, center: Point, radius: float, color: Color, strength: float) -> None:
        """Light that fades outwards."""
        side = max(2, round(2 * radius * self._scale))
        fading = Image.radial_gradient("L").point(
            [round(max(0, 1 - value / _RIM) ** 2 * 255 * strength) for value in range(256)]
        )
        mask = fading.resize((side, side), Image.Resampling.BILINEAR)
        corner = (
            round(center[0] * self._scale - side / 2),
            round(center[1] * self._scale - side / 2),
        )
        self._image.paste(color, (*corner, corner[0] + side, corner[1] + side), mask)

    def veil(self, top: float, bottom: float, color: Color, strength: float) -> None:
        """Mist that thickens downwards from ``top`` to ``bottom``."""
        width = self._image.width
        upper, lower = round(top * self._scale), round(bottom * self._scale)
        if lower <= upper:
            return
        mask = Image.linear_gradient("L").point([round(value * strength) for value in range(256)])
        mask = mask.resize((width, lower - upper), Image.Resampling.BILINEAR)
        self._image.paste(color, (0, upper, width, lower), mask)

    def polygon(self, points: Sequence[Point], color: Color) -> None:
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=color)

    def ground(self, ridge: Sequence[Point], color: Color) -> None:
        """Everything below a line from the left edge to the right one."""
        self.polygon([(0, self.height), *ridge, (self.width, self.height)], color)

    def box(self, left: float, top: float, right: float, bottom: float, color: Color) -> None:
        scale = self._scale
        self._draw.rectangle(
            (left * scale, top * scale, max(left, right) * scale, max(top, bottom) * scale),
            fill=color,
        )

    def disc(self, center: Point, radius: float, color: Color, *, flat: float = 1.0) -> None:
        """A circle; ``flat`` below 1 makes it lower than wide."""
        (x, y), scale = center, self._scale
        tall = radius * flat
        self._draw.ellipse(
            ((x - radius) * scale, (y - tall) * scale, (x + radius) * scale, (y + tall) * scale),
            fill=color,
        )

    def line(self, points: Sequence[Point], color: Color, thick: float) -> None:
        scaled = [(x * self._scale, y * self._scale) for x, y in points]
        self._draw.line(scaled, fill=color, width=max(1, round(thick * self._scale)), joint="curve")

    def arc(self, center: Point, radius: Point, angles: Point, color: Color, thick: float) -> None:
        """Part of an ellipse, ``angles`` in degrees clockwise from three o'clock."""
        (x, y), (across, down), scale = center, radius, self._scale
        self._draw.arc(
            ((x - across) * scale, (y - down) * scale, (x + across) * scale, (y + down) * scale),
            *angles,
            fill=color,
            width=max(1, round(thick * scale)),
        )


def _upright(width: int, height: int, stops: Sequence[tuple[float, Color]]) -> Image.Image:
    """A gradient from top to bottom through ``stops`` (part of the height, colour)."""
    column = Image.new("RGB", (1, height))
    column.putdata([_between(row / max(1, height - 1), stops) for row in range(height)])
    return column.resize((width, height), Image.Resampling.NEAREST)


def _between(place: float, stops: Sequence[tuple[float, Color]]) -> Color:
    for (start, first), (end, second) in pairwise(stops):
        if place <= end:
            return mix(first, second, max(0.0, (place - start) / (end - start)))
    return stops[-1][1]
