"""Pictures to derive from: two paintings of ours, and two like photographs, grain and all."""

import random
from io import BytesIO

from PIL import Image, ImageChops, ImageFilter

from core.generators.painting.paint import paint

SIZE = (1344, 768)
_PAINTED = ("a red lighthouse on a cliff at dusk", "a cat in front of a house in the forest")


def scenes() -> dict[str, Image.Image]:
    """The same pixels on every machine, by name."""
    painted = {f"painting-{at}": _opened(paint(text, at, SIZE)) for at, text in enumerate(_PAINTED)}
    return painted | {"haze": _landscape(1, 3.0), "gravel": _landscape(2, 0.9)}


def png_of(image: Image.Image) -> bytes:
    return _saved(image, "PNG")


def jpeg_of(image: Image.Image) -> bytes:
    """As providers send it when they are asked for the best but one."""
    return _saved(image, "JPEG", quality=95)


def _saved(image: Image.Image, kind: str, **options: int) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _opened(body: bytes) -> Image.Image:
    return Image.open(BytesIO(body)).convert("RGB")


def _landscape(seed: int, softness: float) -> Image.Image:
    """Noise of many sizes in each channel, as surfaces in nature have it; ``softness`` blurs."""
    chance = random.Random(seed)
    channels = [_fractal(chance) for _ in range(3)]
    light = _fractal(chance)
    image = Image.merge("RGB", [ImageChops.blend(each, light, 0.7) for each in channels])
    grain = Image.merge("RGB", [_noise(chance, SIZE)] * 3)
    soft = image.filter(ImageFilter.GaussianBlur(softness))
    return ImageChops.blend(soft, grain, 0.02)


def _fractal(chance: random.Random) -> Image.Image:
    whole = Image.new("L", SIZE, 128)
    for step in range(2, 10):
        little = _noise(chance, (2**step * 7 // 4, 2**step))
        whole = ImageChops.blend(whole, little.resize(SIZE, Image.Resampling.BICUBIC), 0.35)
    return whole.point(lambda value: max(0, min(255, (value - 128) * 3 + 128)))


def _noise(chance: random.Random, size: tuple[int, int]) -> Image.Image:
    return Image.frombytes("L", size, chance.randbytes(size[0] * size[1]))
