"""Lighthouses and houses; each stands with its foot on a point."""

from core.generators.painting.canvas import Canvas, Point
from core.generators.painting.palette import DARK, LAMP, WHITE, Color, Palette, mix


def lighthouse(canvas: Canvas, palette: Palette, foot: Point, tall: float) -> None:
    (x, y), body = foot, mix(WHITE, palette.shade, 0.25 if palette.dark else 0.0)
    lamp = (x, y - tall * 0.86)
    canvas.glow(lamp, tall * (0.75 if palette.dark else 0.3), LAMP, 0.75)

    def half(height: float) -> float:
        return tall * (0.135 - 0.06 * height)

    def band(low: float, high: float, color: Color) -> None:
        one, two = y - tall * low, y - tall * high
        wide, slim = half(low), half(high)
        canvas.polygon([(x - wide, one), (x - slim, two), (x + slim, two), (x + wide, one)], color)
        dark = mix(color, palette.shade, 0.28)
        canvas.polygon(
            [(x + wide * 0.3, one), (x + slim * 0.3, two), (x + slim, two), (x + wide, one)], dark
        )

    for number in range(5):
        low = 0.155 * number
        band(low, low + 0.156, palette.accent if number % 2 == 0 else body)
    canvas.box(x - tall * 0.11, y - tall * 0.80, x + tall * 0.11, y - tall * 0.775, DARK)
    canvas.box(x - tall * 0.06, y - tall * 0.90, x + tall * 0.06, y - tall * 0.80, LAMP)
    canvas.line([(x, y - tall * 0.90), (x, y - tall * 0.80)], DARK, tall * 0.008)
    canvas.polygon(
        [(x - tall * 0.085, y - tall * 0.90), (x, y - tall), (x + tall * 0.085, y - tall * 0.90)],
        palette.accent,
    )
    canvas.box(x - tall * 0.025, y - tall * 0.09, x + tall * 0.025, y, DARK)


def pyramid(canvas: Canvas, palette: Palette, foot: Point, tall: float) -> None:
    x, y = foot
    stone = mix(palette.land, WHITE, 0.18)
    for dx, share in ((-0.95, 0.6), (0.0, 1.0)):
        left, high = x + dx * tall, tall * share
        corners = [(left - high * 0.8, y), (left, y - high), (left + high * 0.8, y)]
        canvas.polygon(corners, stone)
        canvas.polygon([*corners[1:], (left + high * 0.25, y)], mix(stone, palette.shade, 0.4))


def house(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    x, y = foot
    wall = mix(WHITE, palette.shade, 0.45 if palette.dark else 0.05)
    half = size * 0.5
    canvas.box(
        x + half * 0.45,
        y - size * 1.05,
        x + half * 0.65,
        y - size * 0.7,
        mix(palette.accent, DARK, 0.5),
    )
    canvas.box(x - half, y - size * 0.55, x + half, y, wall)
    canvas.box(x + half * 0.55, y - size * 0.55, x + half, y, mix(wall, palette.shade, 0.15))
    canvas.polygon(
        [(x - half * 1.2, y - size * 0.53), (x, y - size), (x + half * 1.2, y - size * 0.53)],
        palette.accent,
    )
    pane = LAMP if palette.dark else mix(palette.horizon, palette.water, 0.4)
    for dx in (-0.62, 0.32):
        left = x + half * dx
        canvas.box(left, y - size * 0.4, left + half * 0.34, y - size * 0.2, pane)
        canvas.line(
            [(left + half * 0.17, y - size * 0.4), (left + half * 0.17, y - size * 0.2)],
            wall,
            size * 0.014,
        )
    canvas.box(x - half * 0.16, y - size * 0.32, x + half * 0.16, y, mix(palette.accent, DARK, 0.6))
