"""Places that rise: mountains, cities, and a planet over its moon's horizon."""

import math

from core.generators.painting.canvas import Point
from core.generators.painting.grove import SNOW, plant
from core.generators.painting.palette import Color, mix, rgb, turned
from core.generators.painting.scene import Ground, Scene, layers


def mountain(scene: Scene) -> Ground:
    canvas, dice, palette = scene.canvas, scene.dice, scene.palette
    for number, (level, count) in enumerate(((0.62, 4), (0.72, 3))):
        rock = mix(palette.horizon, palette.land, 0.45 + 0.45 * number)
        spots = [(place + dice.roll(0.2, 0.8)) / count * canvas.width for place in range(count)]
        for x in sorted(spots, key=lambda spot: -abs(spot - canvas.width / 2)):
            tall = canvas.unit * dice.roll(0.30, 0.46) * (1 - 0.2 * number)
            _peak(scene, (x, level * canvas.height), tall, rock)
        canvas.veil(
            (level - 0.16) * canvas.height, (level + 0.14) * canvas.height, palette.horizon, 0.8
        )
    soil = mix(palette.leaf, palette.land, 0.3)
    if scene.idea.season == "winter":
        soil = mix(SNOW, palette.shade, 0.5 if palette.dark else 0.15)
    ground = layers(scene, soil, [0.70, 0.80], 0.06, 1.2)
    plant(scene, ground, 9, pines=True)
    return ground


def _peak(scene: Scene, foot: Point, tall: float, rock: Color) -> None:
    canvas, dice, palette = scene.canvas, scene.dice, scene.palette
    (x, base), half = foot, tall * dice.roll(0.85, 1.2)
    top, bottom = base - tall, canvas.height
    sink = half * (1 + (bottom - base) / tall)
    canvas.polygon([(x - sink, bottom), (x, top), (x + sink, bottom)], rock)
    bend = x + half * 0.12
    dark = mix(rock, palette.shade, 0.34)
    canvas.polygon(
        [
            (x, top),
            (bend, base - tall * 0.55),
            (x - half * 0.1, base),
            (x, bottom),
            (x + sink, bottom),
        ],
        dark,
    )
    cap = tall * (0.55 if scene.idea.season == "winter" else 0.34)
    snow = mix(SNOW, palette.shade, 0.55 if palette.dark else 0.05)
    slope = half / tall
    teeth = [
        (x + (share * 2 - 1) * cap * slope, top + cap * (1 + (0.22 if turn % 2 else -0.18)))
        for turn, share in enumerate((0.12, 0.3, 0.48, 0.66, 0.84))
    ]
    left, right = (x - cap * slope, top + cap), (x + cap * slope, top + cap)
    canvas.polygon([(x, top), left, *teeth, right], snow)
    canvas.polygon(
        [(x, top), (bend, teeth[2][1] - cap * 0.2), *teeth[3:], right], mix(snow, dark, 0.35)
    )


def city(scene: Scene) -> Ground:
    canvas, dice, palette = scene.canvas, scene.dice, scene.palette
    lit = mix(palette.light, rgb("#ffb84d"), 0.45)
    for number, level in enumerate((0.66, 0.74, 0.84)):
        near = (number + 1) / 3
        wall = mix(palette.horizon, palette.land, 0.35 + 0.6 * near)
        x = -canvas.unit * 0.05
        while x < canvas.width:
            wide = canvas.unit * dice.roll(0.06, 0.13) * (0.8 + 0.4 * near)
            tall = canvas.unit * dice.roll(0.16, 0.46) * (1.1 - 0.25 * near)
            _tower(scene, (x, level * canvas.height - tall), wide, wall, lit if number else None)
            x += wide * dice.roll(0.9, 1.25)
        canvas.veil(
            (level - 0.2) * canvas.height, level * canvas.height, palette.horizon, 0.3 * (1 - near)
        )
    street = 0.86 * canvas.height
    canvas.box(0, street, canvas.width, canvas.height, mix(palette.land, palette.shade, 0.75))
    return lambda _: street + canvas.unit * 0.03


def _tower(scene: Scene, corner: Point, wide: float, wall: Color, lit: Color | None) -> None:
    canvas, dice, palette = scene.canvas, scene.dice, scene.palette
    x, top = corner
    canvas.box(x, top, x + wide, canvas.height, wall)
    canvas.box(x + wide * 0.72, top, x + wide, canvas.height, mix(wall, palette.shade, 0.22))
    if dice.roll() < 0.3:
        mast = canvas.unit * dice.roll(0.02, 0.07)
        canvas.line([(x + wide / 2, top), (x + wide / 2, top - mast)], wall, canvas.unit * 0.004)
    if lit is None:
        return
    glass = mix(wall, palette.horizon, 0.35)
    shining = 0.55 if palette.dark or scene.idea.time == "sunset" else 0.08
    pane = wide / 9
    y = top + pane * 1.5
    while y < canvas.height:
        for column in (1, 3, 5, 7):
            color = lit if dice.roll() < shining else glass
            canvas.box(x + pane * column, y, x + pane * (column + 1), y + pane * 1.3, color)
        y += pane * 2.8


def space(scene: Scene) -> Ground:
    canvas, dice, palette = scene.canvas, scene.dice, scene.palette
    center = (canvas.width * dice.roll(0.3, 0.7), canvas.height * dice.roll(0.34, 0.5))
    radius = canvas.unit * dice.roll(0.17, 0.24)
    # Turned away from the accent, in which a rocket before it may be painted.
    body = palette.named or turned(palette.accent, 0.52)
    tilt = mix(palette.light, body, 0.5)
    canvas.arc(center, (radius * 1.75, radius * 0.42), (180, 360), tilt, radius * 0.07)
    canvas.disc(center, radius, body)
    for number in range(5):
        share = (number - 2) / 2.6
        half = radius * math.sqrt(1 - (abs(share) + 0.06) ** 2)
        band = mix(body, palette.light if number % 2 else palette.shade, 0.22)
        y = center[1] + share * radius
        canvas.line(
            [(center[0] - half * 0.99, y), (center[0] + half * 0.99, y)], band, radius * 0.11
        )
    canvas.arc(center, (radius * 1.75, radius * 0.42), (0, 180), tilt, radius * 0.07)
    moon = (center[0] + radius * 1.9, center[1] - radius * 1.1)
    canvas.disc(moon, radius * 0.2, mix(palette.light, palette.shade, 0.3))
    canvas.disc(
        (moon[0] - radius * 0.05, moon[1] - radius * 0.05),
        radius * 0.14,
        mix(palette.light, palette.shade, 0.1),
    )
    soil = mix(palette.middle, palette.accent, 0.22)
    return layers(scene, mix(soil, palette.shade, 0.2), [0.82, 0.88], 0.06, 1.4)
