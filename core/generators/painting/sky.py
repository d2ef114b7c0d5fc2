"""The sky: its light, sun or moon, stars and clouds."""

from core.generators.painting.canvas import Canvas
from core.generators.painting.dice import Dice
from core.generators.painting.idea import Idea
from core.generators.painting.palette import Palette, mix

_HEIGHTS = {
    "day": (0.14, 0.24),
    "dawn": (0.40, 0.50),
    "sunset": (0.42, 0.54),
    "night": (0.14, 0.26),
}


def hang(width: int, height: int, palette: Palette) -> Canvas:
    """A canvas with nothing but sky."""
    stops = ((0.0, palette.zenith), (0.36, palette.middle), (0.66, palette.horizon))
    return Canvas(width, height, stops)


def paint_sky(canvas: Canvas, palette: Palette, idea: Idea, dice: Dice) -> None:
    x = canvas.width * dice.pick((dice.roll(0.16, 0.40), dice.roll(0.60, 0.84)))
    y = canvas.height * dice.roll(*_HEIGHTS[idea.time])
    in_space = idea.place == "space"
    if in_space:
        for _ in range(3):
            center = (dice.roll(0, canvas.width), dice.roll(0, canvas.height * 0.7))
            color = mix(palette.accent, palette.middle, dice.roll(0.2, 0.8))
            canvas.glow(center, canvas.unit * dice.roll(0.3, 0.6), color, 0.35)
    else:
        strength = 0.35 if palette.dark else 0.75
        canvas.glow((x, y), canvas.unit * 0.55, palette.light, strength)
    canvas.sharpen()
    if palette.dark:
        _stars(canvas, palette, dice, 260 if in_space else 130)
    if not in_space:
        _disc(canvas, palette, (x, y))
        if not palette.dark:
            _clouds(canvas, palette, dice)


def _disc(canvas: Canvas, palette: Palette, center: tuple[float, float]) -> None:
    radius = canvas.unit * (0.05 if palette.dark else 0.058)
    canvas.disc(center, radius, palette.light)
    if palette.dark:
        for dx, dy, size in ((-0.3, -0.2, 0.22), (0.25, 0.3, 0.16), (0.3, -0.35, 0.12)):
            crater = (center[0] + dx * radius, center[1] + dy * radius)
            canvas.disc(crater, size * radius, mix(palette.light, palette.middle, 0.14))


def _stars(canvas: Canvas, palette: Palette, dice: Dice, count: int) -> None:
    for _ in range(round(count * canvas.width * canvas.height / 1e6)):
        place = (dice.roll(0, canvas.width), dice.roll(0, canvas.height * 0.62))
        bright = dice.roll(0.25, 1.0)
        size = canvas.unit * (0.0009 + 0.0018 * bright * dice.roll())
        canvas.disc(place, size, mix(palette.middle, palette.light, bright))


def _clouds(canvas: Canvas, palette: Palette, dice: Dice) -> None:
    for _ in range(dice.count(2, 4)):
        x, y = dice.roll(0, canvas.width), canvas.height * dice.roll(0.10, 0.36)
        size = canvas.unit * dice.roll(0.03, 0.055)
        color = mix(palette.light, palette.middle, dice.roll(0.25, 0.5))
        puffs = dice.count(3, 5)
        for number in range(puffs):
            middle = 1 - abs(number - (puffs - 1) / 2) / puffs
            center = (x + (number - puffs / 2) * size * 1.15, y - size * 0.25 * middle)
            canvas.disc(center, size * (0.55 + 0.5 * middle), color, flat=0.62)
        half = puffs * size * 0.72
        canvas.disc((x - size * 0.6, y + size * 0.28), half, color, flat=size * 0.28 / half)
