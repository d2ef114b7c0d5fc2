"""What people travel in: boats, balloons, rockets, cars."""

from core.generators.painting.canvas import Canvas, Point
from core.generators.painting.palette import DARK, LAMP, WHITE, Color, Palette, mix, rgb


def boat(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    x, y = foot
    sail = mix(WHITE, palette.shade, 0.2 if palette.dark else 0.0)
    canvas.line([(x, y - size * 0.12), (x, y - size)], DARK, size * 0.02)
    canvas.polygon(
        [
            (x + size * 0.03, y - size * 0.97),
            (x + size * 0.45, y - size * 0.2),
            (x + size * 0.03, y - size * 0.2),
        ],
        sail,
    )
    canvas.polygon(
        [
            (x - size * 0.03, y - size * 0.85),
            (x - size * 0.33, y - size * 0.2),
            (x - size * 0.03, y - size * 0.2),
        ],
        palette.accent,
    )
    hull = [
        (x - size * 0.48, y - size * 0.14),
        (x + size * 0.52, y - size * 0.14),
        (x + size * 0.34, y + size * 0.05),
        (x - size * 0.34, y + size * 0.05),
    ]
    canvas.polygon(hull, mix(palette.accent, DARK, 0.55))
    for number in range(3):
        wide, low = size * (0.42 - 0.1 * number), y + size * (0.08 + 0.05 * number)
        canvas.line(
            [(x - wide, low), (x + wide * 0.8, low)],
            mix(palette.water, palette.shade, 0.3),
            size * 0.016,
        )


def balloon(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    x, y = foot
    canvas.polygon(
        [
            (x - size * 0.34, y + size * 0.14),
            (x + size * 0.34, y + size * 0.14),
            (x + size * 0.07, y + size * 0.58),
            (x - size * 0.07, y + size * 0.58),
        ],
        palette.accent,
    )
    canvas.disc((x, y), size * 0.4, palette.accent)
    pale = mix(palette.accent, WHITE, 0.6)
    canvas.polygon(
        [
            (x - size * 0.12, y + size * 0.3),
            (x + size * 0.12, y + size * 0.3),
            (x + size * 0.03, y + size * 0.58),
            (x - size * 0.03, y + size * 0.58),
        ],
        pale,
    )
    canvas.arc((x, y), (size * 0.16, size * 0.4), (0, 360), pale, size * 0.05)
    for dx in (-0.06, 0.06):
        canvas.line(
            [(x + dx * size, y + size * 0.58), (x + dx * size * 0.8, y + size * 0.72)],
            DARK,
            size * 0.01,
        )
    canvas.box(x - size * 0.06, y + size * 0.71, x + size * 0.06, y + size * 0.8, rgb("#7a5a3c"))


def rocket(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    x, y = foot
    canvas.glow((x, y + size * 0.55), size * 0.4, rgb("#ffb347"), 0.9)
    for wide, long, color in ((0.10, 0.34, "#ff9a3d"), (0.055, 0.2, "#ffe08a")):
        canvas.polygon(
            [
                (x - size * wide, y + size * 0.42),
                (x + size * wide, y + size * 0.42),
                (x, y + size * (0.42 + long)),
            ],
            rgb(color),
        )
    for side in (-1, 1):
        canvas.polygon(
            [
                (x + side * size * 0.1, y + size * 0.1),
                (x + side * size * 0.26, y + size * 0.45),
                (x + side * size * 0.1, y + size * 0.38),
            ],
            mix(palette.accent, DARK, 0.2),
        )
    canvas.disc((x, y), size * 0.14, WHITE, flat=3.0)
    canvas.box(x - size * 0.14, y, x + size * 0.14, y + size * 0.42, WHITE)
    canvas.polygon(
        [(x - size * 0.1, y - size * 0.26), (x, y - size * 0.5), (x + size * 0.1, y - size * 0.26)],
        palette.accent,
    )
    canvas.disc((x, y - size * 0.05), size * 0.065, DARK)
    canvas.disc((x, y - size * 0.05), size * 0.045, rgb("#8cc7e8"))


def car(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    axle = foot[0], foot[1] - size * 0.1
    _cabin(canvas, palette, axle, size)
    _body(canvas, palette.accent, axle, size)
    _wheels(canvas, axle, size)


def _cabin(canvas: Canvas, palette: Palette, axle: Point, size: float) -> None:
    x, y = axle
    canvas.polygon(
        [
            (x - size * 0.3, y - size * 0.2),
            (x - size * 0.18, y - size * 0.4),
            (x + size * 0.16, y - size * 0.4),
            (x + size * 0.34, y - size * 0.2),
        ],
        palette.accent,
    )
    glass = mix(palette.horizon, palette.water, 0.3)
    canvas.polygon(
        [
            (x - size * 0.23, y - size * 0.2),
            (x - size * 0.15, y - size * 0.36),
            (x - size * 0.02, y - size * 0.36),
            (x - size * 0.02, y - size * 0.2),
        ],
        glass,
    )
    canvas.polygon(
        [
            (x + size * 0.02, y - size * 0.2),
            (x + size * 0.02, y - size * 0.36),
            (x + size * 0.14, y - size * 0.36),
            (x + size * 0.26, y - size * 0.2),
        ],
        glass,
    )


def _body(canvas: Canvas, paint: Color, axle: Point, size: float) -> None:
    x, y = axle
    canvas.polygon(
        [
            (x - size * 0.5, y - size * 0.2),
            (x + size * 0.44, y - size * 0.2),
            (x + size * 0.52, y - size * 0.12),
            (x + size * 0.52, y),
            (x - size * 0.5, y),
        ],
        paint,
    )
    canvas.box(x - size * 0.5, y - size * 0.05, x + size * 0.52, y, mix(paint, DARK, 0.35))
    canvas.disc((x + size * 0.48, y - size * 0.12), size * 0.035, LAMP)


def _wheels(canvas: Canvas, axle: Point, size: float) -> None:
    x, y = axle
    for dx in (-0.29, 0.3):
        canvas.disc((x + dx * size, y), size * 0.105, DARK)
        canvas.disc((x + dx * size, y), size * 0.05, mix(WHITE, DARK, 0.3))
