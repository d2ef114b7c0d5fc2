"""How alike two pictures are, and how many bytes a given likeness costs."""

import math
from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise

from PIL import Image, ImageMath

# SSIM (Wang et al. 2004) of lightness over tiles of eight by eight pixels.
_TILE = 8
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def opened(body: bytes) -> Image.Image:
    image = Image.open(BytesIO(body))
    image.load()
    return image


def likeness(one: Image.Image, other: Image.Image) -> float:
    """1 for the same picture; what differs in places no eye compares counts little."""
    assert one.size == other.size
    tiles = (one.width // _TILE, one.height // _TILE)
    box = (0, 0, tiles[0] * _TILE, tiles[1] * _TILE)

    def mean(image: Image.Image) -> Image.Image:
        return image.resize(tiles, Image.Resampling.BOX, box=box)

    a, b = (image.convert("RGB").convert("L").convert("F") for image in (one, other))
    products = [
        mean(ImageMath.lambda_eval(lambda terms: terms["x"] * terms["y"], x=x, y=y))
        for x, y in ((a, a), (b, b), (a, b))
    ]
    scores = ImageMath.lambda_eval(
        _ssim, a=mean(a), b=mean(b), aa=products[0], bb=products[1], ab=products[2]
    )
    values = scores.get_flattened_data()
    return sum(values) / len(values)


def _ssim(terms: dict[str, Image.Image]) -> Image.Image:
    a, b = terms["a"], terms["b"]
    alike = (a * b * 2 + _C1) * ((terms["ab"] - a * b) * 2 + _C2)
    apart = (a * a + b * b + _C1) * ((terms["aa"] - a * a) + (terms["bb"] - b * b) + _C2)
    return alike / apart


def bytes_at(wanted: float, steps: Sequence[tuple[float, int]]) -> float:
    """The size at this likeness, between (or beyond) steps of likeness and size."""
    points = sorted((-math.log(1 - alike), math.log(size)) for alike, size in steps)
    place = -math.log(1 - wanted)
    pairs = list(pairwise(points))
    low, high = next((pair for pair in pairs if place <= pair[1][0]), pairs[-1])
    share = (place - low[0]) / (high[0] - low[0])
    return math.exp(low[1] + share * (high[1] - low[1]))
