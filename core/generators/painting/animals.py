"""Cats, foxes and dogs that sit and look at you; birds far away."""

from core.generators.painting.canvas import Canvas, Point
from core.generators.painting.palette import DARK, WHITE, Color, Palette, mix, rgb


def _sitting(canvas: Canvas, foot: Point, size: float, fur: Color, *, pointed: bool) -> None:
    """A small animal seen from the front, sitting."""
    x, y = foot
    dark, pale = mix(fur, DARK, 0.3), mix(fur, WHITE, 0.7)
    canvas.arc(
        (x + size * 0.28, y - size * 0.18), (size * 0.24, size * 0.18), (200, 95), dark, size * 0.09
    )
    canvas.disc((x, y - size * 0.24), size * 0.25, fur, flat=1.1)
    canvas.disc((x, y - size * 0.2), size * 0.12, pale, flat=1.3)
    head = y - size * 0.62
    for side in (-1, 1):
        if pointed:
            canvas.polygon(
                [
                    (x + side * size * 0.19, head - size * 0.02),
                    (x + side * size * 0.17, head - size * 0.32),
                    (x + side * size * 0.02, head - size * 0.14),
                ],
                dark,
            )
        else:
            canvas.disc((x + side * size * 0.19, head + size * 0.02), size * 0.075, dark, flat=2.0)
        canvas.disc((x + side * size * 0.09, y - size * 0.02), size * 0.07, pale, flat=0.55)
    canvas.disc((x, head), size * 0.21, fur, flat=0.9)
    canvas.disc((x, head + size * 0.08), size * 0.1, pale, flat=0.8)
    for side in (-1, 1):
        canvas.disc((x + side * size * 0.085, head - size * 0.02), size * 0.028, DARK)
    canvas.disc((x, head + size * 0.05), size * 0.026, DARK, flat=0.8)


def cat(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    _sitting(canvas, foot, size, _fur(palette, "#8d8a94"), pointed=True)


def fox(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    _sitting(canvas, foot, size, _fur(palette, "#d8702f"), pointed=True)


def dog(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    _sitting(canvas, foot, size, _fur(palette, "#c79a63"), pointed=False)


def _fur(palette: Palette, usual: str) -> Color:
    """The colour the prompt named, or the usual one, in the light of the hour."""
    return mix(palette.named or rgb(usual), palette.shade, 0.25 if palette.dark else 0.0)


def bird(canvas: Canvas, palette: Palette, foot: Point, size: float) -> None:
    for dx, dy, share in ((0, 0, 1), (-0.8, 0.35, 0.7), (0.75, 0.3, 0.6), (1.3, -0.2, 0.45)):
        x, y, wing = foot[0] + dx * size, foot[1] + dy * size, size * 0.32 * share
        color = mix(palette.shade, palette.horizon, 0.1 + 0.25 * (1 - share))
        canvas.line(
            [
                (x - wing, y - wing * 0.3),
                (x - wing * 0.45, y - wing * 0.42),
                (x, y),
                (x + wing * 0.45, y - wing * 0.42),
                (x + wing, y - wing * 0.3),
            ],
            color,
            wing * 0.11,
        )
