"""Where a scene takes place: hills, meadow, forest, desert, sea, or one of the heights."""

import math
from collections.abc import Callable

from core.generators.painting.grove import SNOW, plant
from core.generators.painting.heights import city, mountain, space
from core.generators.painting.palette import mix, rgb
from core.generators.painting.plants import flower, pine, tree
from core.generators.painting.scene import Ground, Ridge, Scene, along, layers, ridge

_NEEDLES = rgb("#2f6b52")


def paint_land(scene: Scene) -> Ground:
    """Paint the place; return the height (y) on which things stand, for every x."""
    return _PLACES[scene.idea.place](scene)


def _hills(scene: Scene) -> Ground:
    ground = layers(scene, scene.palette.land, [0.58, 0.66, 0.76], 0.12, 1.0)
    plant(scene, ground, 7)
    return ground


def _meadow(scene: Scene) -> Ground:
    ground = layers(scene, scene.palette.land, [0.60, 0.68, 0.77], 0.10, 0.8)
    canvas, dice, palette = scene.canvas, scene.dice, scene.palette
    plant(scene, ground, 3)
    colors = [
        palette.accent,
        mix(palette.accent, palette.light, 0.55),
        mix(palette.light, palette.land, 0.2),
    ]
    blooms = sorted(
        (dice.roll(0.80, scene.low / canvas.height + 0.04), dice.roll(0, canvas.width))
        for _ in range(round(70 * canvas.width / canvas.unit))
    )
    for depth, x in blooms:
        size = canvas.unit * (0.008 + 0.10 * (depth - 0.78))
        flower(canvas, (x, depth * canvas.height), size, dice.pick(colors), palette.leaf)
    return ground


def _forest(scene: Scene) -> Ground:
    canvas, dice, palette = scene.canvas, scene.dice, scene.palette
    layers(scene, palette.land, [0.50, 0.60], 0.08, 1.2)
    snowy = scene.idea.season == "winter"
    green = mix(_NEEDLES, palette.shade, 0.5 if palette.dark else 0.1)
    line: Ridge = []
    for number, level in enumerate((0.62, 0.72, 0.84)):
        near = (number + 1) / 3
        line = ridge(scene, level * canvas.height, 0.06 * canvas.height)
        color = mix(palette.horizon, palette.leaf, 0.30 + 0.62 * near)
        height = canvas.unit * (0.16 + 0.10 * number)
        on = along(line)
        x = -height * dice.roll(0, 0.3)
        while x < canvas.width + height / 2:
            tall = height * dice.roll(0.7, 1.15)
            foot = (x, on(x) + tall * 0.05)
            if scene.idea.season == "autumn" and dice.roll() < 0.6:
                tree(canvas, foot, tall * 0.9, color, palette.shade)
            else:
                pine(canvas, foot, tall, mix(color, green, 0.5), SNOW if snowy else None)
            x += height * dice.roll(0.22, 0.62)
        canvas.ground(line, mix(mix(palette.horizon, palette.land, 0.3 + 0.7 * near), color, 0.35))
        canvas.veil(on(0) - height / 2, on(0) + height / 2, palette.horizon, 0.22 * (1 - near))
    return along(line)


def _desert(scene: Scene) -> Ground:
    canvas, palette = scene.canvas, scene.palette
    line: Ridge = []
    for number, level in enumerate((0.56, 0.64, 0.76)):
        near = (number + 1) / 3
        line = ridge(scene, level * canvas.height, 0.10 * canvas.height, waves=0.6 + 0.3 * number)
        sand = mix(palette.horizon, palette.land, 0.3 + 0.7 * near)
        canvas.ground(line, sand)
        shadow = [
            (x, y + canvas.height * 0.02 * (1 + math.sin(x / canvas.width * 9 + number)))
            for x, y in line
        ]
        canvas.ground(shadow, mix(sand, palette.shade, 0.16))
        canvas.veil((level + 0.02) * canvas.height, (level + 0.3) * canvas.height, sand, 0.6)
    return along(line)


def _sea(scene: Scene) -> Ground:
    canvas, dice, palette = scene.canvas, scene.dice, scene.palette
    horizon = 0.60 * canvas.height
    canvas.box(0, horizon, canvas.width, canvas.height, mix(palette.water, palette.horizon, 0.45))
    canvas.veil(horizon, canvas.height * 1.02, mix(palette.water, palette.shade, 0.25), 1.0)
    shine = mix(palette.light, palette.horizon, 0.3)
    for _ in range(round(90 * canvas.width / canvas.unit)):
        depth = dice.roll() ** 1.6
        y = horizon + (canvas.height - horizon) * (0.02 + 0.95 * depth)
        long = canvas.unit * (0.01 + 0.09 * depth) * dice.roll(0.5, 1.4)
        x = dice.roll(0, canvas.width)
        thick = canvas.unit * (0.001 + 0.003 * depth)
        canvas.line([(x, y), (x + long, y)], mix(palette.water, shine, 0.35 - 0.2 * depth), thick)
    coast = ridge(scene, horizon - canvas.height * 0.015, canvas.height * 0.05, waves=0.7)
    far = [(x, min(y, horizon)) for x, y in coast if y < horizon]
    if len(far) > 1:
        canvas.polygon(
            [(far[0][0], horizon), *far, (far[-1][0], horizon)],
            mix(palette.horizon, palette.shade, 0.35),
        )
    return _shore(scene)


def _shore(scene: Scene) -> Ground:
    """A headland on one side, on which things stand; the water elsewhere."""
    canvas, palette = scene.canvas, scene.palette
    left = scene.dice.roll() < 0.5
    rise = canvas.height * 0.14

    def at(x: float) -> float:
        inland = 1 - x / canvas.width if left else x / canvas.width
        return canvas.height * 0.97 - rise * 2.6 / (1 + math.exp(-(inland - 0.62) * 16))

    step = canvas.width / 120
    line = [(x * step, at(x * step)) for x in range(122)]
    soil = mix(palette.land, palette.shade, 0.25)
    canvas.ground(line, mix(soil, palette.shade, 0.45))
    canvas.ground([(x, y + canvas.unit * 0.035) for x, y in line], mix(soil, palette.shade, 0.62))
    canvas.ground([(x, y + canvas.unit * 0.09) for x, y in line], mix(soil, palette.shade, 0.72))
    canvas.line(line, soil, canvas.unit * 0.012)
    return at


_PLACES: dict[str, Callable[[Scene], Ground]] = {
    "hills": _hills,
    "meadow": _meadow,
    "forest": _forest,
    "mountain": mountain,
    "desert": _desert,
    "sea": _sea,
    "city": city,
    "space": space,
}
