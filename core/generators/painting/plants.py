"""What grows: pines, trees, bushes, flowers, cacti; each stands with its foot on a point."""

import math

from core.generators.painting.canvas import Canvas, Point
from core.generators.painting.palette import Color, mix, rgb

_BARK = rgb("#5b4636")


def pine(canvas: Canvas, foot: Point, tall: float, color: Color, snow: Color | None) -> None:
    x, y = foot
    canvas.box(x - tall * 0.03, y - tall * 0.15, x + tall * 0.03, y, mix(_BARK, color, 0.5))
    for tier in range(3):
        low = y - tall * (0.10 + 0.27 * tier)
        high = low - tall * 0.42
        half = tall * (0.24 - 0.055 * tier)
        canvas.polygon([(x - half, low), (x, high), (x + half, low)], color)
        shadow = [(x, high), (x + half, low), (x + half * 0.1, low)]
        canvas.polygon(shadow, mix(color, (0, 0, 0), 0.14))
        if snow is not None:
            tip = high + tall * 0.14
            edge = half * 0.36
            canvas.polygon(
                [(x - edge, tip), (x, high), (x + edge, tip), (x, tip - tall * 0.03)], snow
            )


def tree(canvas: Canvas, foot: Point, tall: float, color: Color, shade: Color) -> None:
    x, y = foot
    trunk = mix(_BARK, shade, 0.4)
    canvas.polygon(
        [
            (x - tall * 0.05, y),
            (x - tall * 0.025, y - tall * 0.5),
            (x + tall * 0.025, y - tall * 0.5),
            (x + tall * 0.05, y),
        ],
        trunk,
    )
    crown = (x, y - tall * 0.68)
    dark = mix(color, shade, 0.25)
    for dx, dy, size in ((-0.17, 0.10, 0.21), (0.18, 0.09, 0.20), (0.0, 0.0, 0.29)):
        canvas.disc((crown[0] + dx * tall, crown[1] + dy * tall), size * tall, dark)
    for dx, dy, size in ((-0.14, 0.02, 0.17), (0.10, -0.01, 0.16), (-0.02, -0.10, 0.17)):
        canvas.disc((crown[0] + dx * tall, crown[1] + dy * tall), size * tall, color)


def bush(canvas: Canvas, foot: Point, size: float, color: Color) -> None:
    x, y = foot
    for dx, part in ((-0.7, 0.6), (0.75, 0.55), (0.0, 0.85)):
        canvas.disc((x + dx * size, y - part * size * 0.5), part * size, color)


def flower(canvas: Canvas, head: Point, size: float, color: Color, leaf: Color) -> None:
    x, y = head
    canvas.line([(x, y), (x + size * 0.3, y + size * 3.2)], leaf, size * 0.28)
    for petal in range(5):
        turn = math.tau * petal / 5 - math.pi / 2
        center = (x + math.cos(turn) * size * 0.75, y + math.sin(turn) * size * 0.75)
        canvas.disc(center, size * 0.62, color)
    canvas.disc((x, y), size * 0.48, rgb("#f0c24b"))


def cactus(canvas: Canvas, foot: Point, tall: float, color: Color) -> None:
    x, y = foot
    thick = tall * 0.17
    for dx, low, high in ((0.0, 0.0, 1.0), (-0.30, 0.38, 0.78), (0.30, 0.28, 0.66)):
        left = x + dx * tall
        canvas.line([(left, y - low * tall), (left, y - high * tall)], color, thick)
        canvas.disc((left, y - high * tall), thick / 2, color)
        canvas.disc((left, y - low * tall), thick / 2, color)
        if dx:
            canvas.line([(left, y - low * tall), (x, y - low * tall)], color, thick)
    canvas.line(
        [(x + thick * 0.2, y), (x + thick * 0.2, y - tall)],
        mix(color, (0, 0, 0), 0.15),
        thick * 0.2,
    )
