"""The whole picture, from recipe to PNG: the same recipe makes the same bytes."""

from io import BytesIO

from PIL import Image

from core.generators.painting.caption import Caption
from core.generators.painting.dice import Dice
from core.generators.painting.idea import idea_of
from core.generators.painting.land import paint_land
from core.generators.painting.palette import palette_of
from core.generators.painting.scene import Scene
from core.generators.painting.sky import hang, paint_sky
from core.generators.painting.things import paint_things


def paint(prompt: str, seed: int, size: tuple[int, int]) -> bytes:
    """A PNG of ``size`` (width, height). Takes some tenths of a second: call it in a thread."""
    caption = Caption(prompt, *size)
    picture = _scenery(prompt, seed, size, caption.height)
    caption.write(picture)
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def _scenery(prompt: str, seed: int, size: tuple[int, int], band: int) -> Image.Image:
    dice = Dice(f"{seed} {prompt}")
    idea = idea_of(prompt, dice)
    palette = palette_of(idea, dice)
    canvas = hang(*size, palette)
    paint_sky(canvas, palette, idea, dice)
    scene = Scene(canvas, palette, idea, dice, low=size[1] - band)
    ground = paint_land(scene)
    paint_things(scene, ground)
    return canvas.finished()
