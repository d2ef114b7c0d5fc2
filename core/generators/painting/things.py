"""What a prompt asks for by name, and where it belongs in the scene."""

from collections.abc import Callable

from core.generators.painting.animals import bird, cat, dog, fox
from core.generators.painting.buildings import house, lighthouse, pyramid
from core.generators.painting.canvas import Canvas, Point
from core.generators.painting.palette import Palette, mix, rgb
from core.generators.painting.plants import cactus, flower, tree
from core.generators.painting.scene import Ground, Scene
from core.generators.painting.vehicles import balloon, boat, car, rocket

Figure = Callable[[Canvas, Palette, Point, float], None]


def paint_things(scene: Scene, ground: Ground) -> None:
    """Each thing at a place of its own; the first is the largest."""
    canvas, dice = scene.canvas, scene.dice
    for number, name in enumerate(scene.idea.things):
        figure, share, where = _FIGURES[name]
        size = canvas.unit * share * (1 - 0.2 * number) * dice.roll(0.92, 1.08)
        x = canvas.width * (0.5, 0.26, 0.74)[number] + canvas.width * dice.roll(-0.06, 0.06)
        if where == "sky":
            y = canvas.height * dice.roll(0.30, 0.42)
        elif where == "water" and scene.idea.place == "sea":
            x, y = _afloat(scene, ground, x)
        else:
            x = _ashore(scene, ground, x)
            y = ground(x) + size * 0.04
        figure(canvas, scene.palette, (x, y), size)


def _ashore(scene: Scene, ground: Ground, x: float) -> float:
    """At sea, things that do not swim stand on the headland."""
    if scene.idea.place != "sea":
        return x
    width = scene.canvas.width
    return min((width * 0.14, width * 0.86), key=ground) + (x / width - 0.5) * width * 0.16


def _afloat(scene: Scene, ground: Ground, x: float) -> Point:
    width = scene.canvas.width
    open_water = max((width * 0.3, width * 0.7), key=ground)
    return (x + open_water) / 2, scene.canvas.height * 0.72


def _flower(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    for dx, share in ((-0.42, 0.7), (0.4, 0.8), (0.0, 1.0)):
        head = size * 0.17 * share
        flower(
            canvas, (foot[0] + dx * size, foot[1] - head * 3.2), head, palette.accent, palette.leaf
        )


def _tree(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    tree(canvas, foot, size, palette.leaf, palette.shade)


def _cactus(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    cactus(canvas, foot, size, mix(rgb("#4f8a5b"), palette.shade, 0.3 if palette.dark else 0.0))


# The figure, its size as a part of the canvas' unit, and where it belongs.
_FIGURES: dict[str, tuple[Figure, float, str]] = {
    "lighthouse": (lighthouse, 0.46, "land"),
    "boat": (boat, 0.26, "water"),
    "house": (house, 0.22, "land"),
    "pyramid": (pyramid, 0.34, "land"),
    "balloon": (balloon, 0.34, "sky"),
    "rocket": (rocket, 0.34, "sky"),
    "cat": (cat, 0.34, "land"),
    "fox": (fox, 0.34, "land"),
    "dog": (dog, 0.34, "land"),
    "bird": (bird, 0.16, "sky"),
    "car": (car, 0.32, "land"),
    "flower": (_flower, 0.34, "land"),
    "cactus": (_cactus, 0.26, "land"),
    "tree": (_tree, 0.42, "land"),
}
