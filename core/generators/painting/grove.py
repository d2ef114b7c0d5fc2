"""Trees and bushes scattered over the near ground."""

from core.generators.painting.palette import mix, rgb
from core.generators.painting.plants import bush, pine, tree
from core.generators.painting.scene import Ground, Scene

SNOW = rgb("#f3f6fa")


def plant(scene: Scene, ground: Ground, count: int, *, pines: bool = False) -> None:
    """A few trees and bushes where the land is near."""
    canvas, dice, palette = scene.canvas, scene.dice, scene.palette
    winter = scene.idea.season == "winter"
    spots = sorted(dice.roll(0.02, 0.98) * canvas.width for _ in range(count))
    for x in spots:
        foot = (x, ground(x) + canvas.unit * dice.roll(0.0, 0.05))
        color = mix(palette.leaf, palette.shade, dice.roll(0.0, 0.25))
        tall = canvas.unit * dice.roll(0.09, 0.17)
        if pines or winter:
            pine(canvas, foot, tall, color, SNOW if winter else None)
        elif dice.roll() < 0.6:
            tree(canvas, foot, tall, color, palette.shade)
        else:
            bush(canvas, foot, tall * 0.35, color)
