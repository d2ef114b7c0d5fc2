"""Unfolds a ThumbHash into the pixels of a small blurred picture; pure arithmetic.

The format is Evan Wallace's ThumbHash: cosine waves of a lightness and two colour differences, the
slow ones only, four bits each. The library that makes the hashes cannot read them back: it works
every pixel out as the first one, and prints as it goes.
"""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi

_HEADER, _HEADER_WITH_ALPHA = 5, 6
_MOST_WAVES, _MOST_WAVES_WITH_ALPHA, _FEWEST_WAVES = 7, 5, 3
# The colour differences are saved a little stronger than they are read, against rounding.
_BOOST = 1.25


@dataclass(frozen=True, slots=True)
class Preview:
    """``pixels`` are RGB, row by row, ``width`` times ``height`` times three bytes."""

    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True, slots=True)
class _Channel:
    """A mean, and rows of waves: ``waves[down][across]``; ``waves[0][0]`` is the mean's place."""

    mean: float
    waves: list[list[float]]

    def rows(self, width: int, height: int) -> list[list[float]]:
        across = _cosines(width, len(self.waves[0]))
        down = _cosines(height, len(self.waves))
        return [self._row(across, [2 * each for each in heights]) for heights in down]

    def _row(self, across: list[list[float]], heights: list[float]) -> list[float]:
        """First every column's sum, because it is the same for the whole row."""
        sums = [0.0] * len(self.waves[0])
        for height, waves in zip(heights, self.waves, strict=True):
            for place, wave in enumerate(waves):
                sums[place] += wave * height
        return [
            self.mean + sum(one * each for one, each in zip(sums, widths, strict=True))
            for widths in across
        ]


def preview_of(thumb_hash: str, *, side: int = 32) -> Preview:
    """The hash, in base64, as a picture of ``side`` pixels on its longer side; without its alpha.

    Raises ValueError when it is no ThumbHash.
    """
    data = b64decode(thumb_hash, validate=True)
    if len(data) < _HEADER:
        raise ValueError("shorter than a ThumbHash's header")
    first, second = int.from_bytes(data[:3], "little"), int.from_bytes(data[3:5], "little")
    has_alpha = first >> 23
    across, down = _waves(second & 7, has_alpha, landscape=second >> 15)
    nibbles = _Nibbles(data[_HEADER_WITH_ALPHA if has_alpha else _HEADER :])
    # In the order in which they are saved.
    lightness = nibbles.channel((first & 63) / 63, across, down, (first >> 18 & 31) / 31)
    yellowness = nibbles.channel(
        (first >> 6 & 63) / 31.5 - 1, 3, 3, (second >> 3 & 63) / 63 * _BOOST
    )
    redness = nibbles.channel((first >> 12 & 63) / 31.5 - 1, 3, 3, (second >> 9 & 63) / 63 * _BOOST)
    width = side if across >= down else max(1, round(side * across / down))
    height = side if down >= across else max(1, round(side * down / across))
    shape = (width, height)
    return Preview(
        width, height, _rgb(lightness.rows(*shape), yellowness.rows(*shape), redness.rows(*shape))
    )


def _waves(shorter: int, has_alpha: int, *, landscape: int) -> tuple[int, int]:
    """How many waves of lightness there are across and down: the shape of the picture."""
    longer = _MOST_WAVES_WITH_ALPHA if has_alpha else _MOST_WAVES
    shorter = max(_FEWEST_WAVES, shorter)
    return (longer, shorter) if landscape else (shorter, longer)


class _Nibbles:
    """Four bits after four bits, the lower ones first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def channel(self, mean: float, across: int, down: int, scale: float) -> _Channel:
        """Only the waves above the diagonal were saved; the others are nought."""
        waves = [
            [
                self._next() * scale
                if (row or column) and column * down < across * (down - row)
                else 0
                for column in range(across)
            ]
            for row in range(down)
        ]
        return _Channel(mean, waves)

    def _next(self) -> float:
        place, self._place = self._place, self._place + 1
        if place >= 2 * len(self._data):
            raise ValueError("shorter than its ThumbHash says")
        return (self._data[place // 2] >> 4 * (place % 2) & 15) / 7.5 - 1


def _cosines(length: int, waves: int) -> list[list[float]]:
    return [
        [cos(pi / length * (place + 0.5) * wave) for wave in range(waves)]
        for place in range(length)
    ]


def _rgb(*channels: list[list[float]]) -> bytes:
    pixels = bytearray()
    for rows in zip(*channels, strict=True):
        for lightness, yellowness, redness in zip(*rows, strict=True):
            blue = lightness - 2 / 3 * yellowness
            red = (3 * lightness - blue + redness) / 2
            pixels += _bytes((red, red - redness, blue))
    return bytes(pixels)


def _bytes(color: Sequence[float]) -> bytes:
    return bytes(max(0, min(255, round(255 * part))) for part in color)
