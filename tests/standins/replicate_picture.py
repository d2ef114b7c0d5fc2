"""The stand-in's pictures: a gradient from the prompt, with a stamp in its first pixels.

The stamp survives whatever leaves pixels alone, so a test can tell whose picture it was given.
"""

import hashlib
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageChops

_STAMP_BYTES = 24

# Half of what the real models make, so that a herd of pictures is drawn quickly.
_SIZES = {
    "1:1": (512, 512),
    "16:9": (672, 384),
    "9:16": (384, 672),
    "4:3": (576, 448),
    "3:4": (448, 576),
    "3:2": (608, 416),
    "2:3": (416, 608),
    "5:4": (544, 448),
    "4:5": (448, 544),
    "21:9": (768, 320),
    "9:21": (320, 768),
}


def size_of(given: dict) -> tuple[int, int]:
    """The size for a model's input, however that model is told its shape."""
    if "width" in given and "height" in given:
        return int(given["width"]) // 2, int(given["height"]) // 2
    if "size" in given:
        width, height = given["size"].split("x")
        return int(width) // 2, int(height) // 2
    return _SIZES[given.get("aspect_ratio", "1:1")]


def draw(prompt: str, number: int, size: tuple[int, int]) -> bytes:
    """A PNG of some ten kB: the prompt decides the colours, ``number`` goes into the stamp."""
    digest = hashlib.sha256(prompt.encode()).digest()
    image = _gradient(digest, size).copy()
    stamp = digest[:16] + number.to_bytes(8, "big")
    for place, value in enumerate(stamp):
        image.putpixel((place, 0), (value, value, value))
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def read_stamp(body: bytes) -> tuple[str, int]:
    """First half of the prompt's sha256 in hex, and the number of the prediction."""
    with Image.open(BytesIO(body)) as image:
        row = image.convert("RGB").crop((0, 0, _STAMP_BYTES, 1)).tobytes()
    values = row[::3]
    return values[:16].hex(), int.from_bytes(values[16:24], "big")


def stamp_of(prompt: str) -> str:
    """What read_stamp() gives first for a picture of this prompt."""
    return hashlib.sha256(prompt.encode()).hexdigest()[:32]


@lru_cache(maxsize=64)
def _gradient(digest: bytes, size: tuple[int, int]) -> Image.Image:
    down = Image.linear_gradient("L").resize(size)
    across = down.transpose(Image.Transpose.ROTATE_90).resize(size)
    mixed = ImageChops.add(down, across, scale=2)
    bands = [
        band.point(
            [
                (value * (64 + digest[place] // 2) // 255 + digest[place + 3] // 2) % 256
                for value in range(256)
            ]
        )
        for place, band in enumerate((down, across, mixed))
    ]
    return Image.merge("RGB", bands)
