"""A scene while it is painted, and the rolling ground below everything."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from core.generators.painting.canvas import Canvas, Point
from core.generators.painting.dice import Dice
from core.generators.painting.idea import Idea
from core.generators.painting.palette import Color, Palette, mix

Ridge = list[Point]
Ground = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Scene:
    """What every part of a picture is painted with. ``low`` is where the caption begins."""

    canvas: Canvas
    palette: Palette
    idea: Idea
    dice: Dice
    low: float


def ridge(scene: Scene, level: float, height: float, *, waves: float = 1.5) -> Ridge:
    """A rolling line around ``level``, ``height`` pixels from crest to hollow."""
    dice, width = scene.dice, scene.canvas.width
    parts = [
        (waves * (1 + step), dice.roll(0, math.tau), math.pow(1 + step, -1.4)) for step in range(3)
    ]
    total = sum(share for _, _, share in parts)
    step = max(4, width // 160)

    def at(x: float) -> float:
        wave = sum(
            math.sin(math.tau * turns * x / width + phase) * share for turns, phase, share in parts
        )
        return level - height / 2 * wave / total

    return [(x, at(x)) for x in range(0, width + step, step)]


def along(line: Ridge) -> Ground:
    """The line as a function of x."""

    def at(x: float) -> float:
        step = line[1][0] - line[0][0]
        place = min(max(x / step, 0), len(line) - 1.001)
        index = int(place)
        part = place - index
        return line[index][1] * (1 - part) + line[index + 1][1] * part

    return at


def layers(scene: Scene, color: Color, levels: list[float], height: float, waves: float) -> Ground:
    """Hills one before the other, the far ones pale with distance."""
    canvas, palette = scene.canvas, scene.palette
    line: Ridge = []
    for number, level in enumerate(levels):
        near = (number + 1) / len(levels)
        line = ridge(
            scene, level * canvas.height, height * canvas.height, waves=waves + number * 0.4
        )
        canvas.ground(line, mix(palette.horizon, color, 0.25 + 0.75 * near))
        canvas.veil(
            level * canvas.height, (level + 0.22) * canvas.height, palette.shade, 0.10 * near
        )
    return along(line)
