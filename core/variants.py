"""What is asked of a picture beside what it shows: its size, its shape, its format."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import floor
from types import MappingProxyType
from typing import Literal

Fit = Literal["cover", "contain", "inside"]
Encoding = Literal["png", "jpeg", "webp", "avif"]
Format = Literal["png", "jpeg", "webp", "avif", "auto"]
Size = tuple[int, int]
Point = tuple[float, float]

FITS: tuple[Fit, ...] = ("cover", "contain", "inside")
FORMATS: tuple[Format, ...] = ("png", "jpeg", "webp", "avif", "auto")
# The widths (or heights) that callers without proof are served, in pixels.
LADDER = (
    *(64, 96, 128, 192, 256, 320, 384, 480, 640, 750, 828, 960),
    *(1080, 1200, 1440, 1600, 1920, 2048, 2560, 3840),
)
# Where nobody says how fine: by eye the same, by tests/bench. PNG loses nothing, so it has none.
QUALITIES: Mapping[str, int] = MappingProxyType({"jpeg": 80, "webp": 80, "avif": 60})
# RFC 9649: sides have fourteen bits.
_WEBP_LONGEST = 16_383


@dataclass(frozen=True, slots=True)
class Wish:
    """The derivative parameters of a URL, read and within their bounds, nothing decided yet.

    ``width`` and ``height`` are in CSS pixels, ``density`` (dpr) from 1 to 3 multiplies them.
    ``quality`` is 1 to 100. ``focal`` is x and y from 0 to 1; None: as the image's record says.
    """

    width: int | None = None
    height: int | None = None
    density: float = 1.0
    fit: Fit = "cover"
    quality: int | None = None
    format: Format | None = None
    focal: tuple[float, float] | None = None

    @property
    def plain(self) -> bool:
        """Whether the master itself is meant, whatever it is."""
        return (
            self.width is None
            and self.height is None
            and self.quality is None
            and self.format is None
        )


@dataclass(frozen=True, slots=True)
class Master:
    """What a plan has to know of the stored picture; ``width`` and ``height`` in pixels."""

    width: int
    height: int
    format: Encoding


@dataclass(frozen=True, slots=True)
class Layout:
    """Which part of the master goes where.

    ``width`` and ``height`` are the answer's. ``crop`` is left, top, right and bottom in pixels of
    the master, None for all of it. ``inner`` is the size of the picture on a larger paper, in the
    middle of it.
    """

    width: int
    height: int
    crop: tuple[float, float, float, float] | None = None
    inner: Size | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One derivative, decided. ``quality`` is 1 to 100, None where the format knows none."""

    layout: Layout
    format: Encoding
    quality: int | None


def planned(
    wish: Wish, master: Master, *, exact: bool, focal: Point = (0.5, 0.5)
) -> Variant | None:
    """The one derivative this wish means; None is the master itself.

    ``exact`` callers get the size they ask for, others one of the ladder. A crop keeps ``focal``
    in view, unless the wish names another point. ``auto`` counts as the master's format: choose
    before. Nothing is ever enlarged, and no side is ever without a pixel.
    """
    encoding = master.format if wish.format is None or wish.format == "auto" else wish.format
    quality = (wish.quality or QUALITIES[encoding]) if encoding in QUALITIES else None
    layout = _layout(wish, master, exact=exact, focal=wish.focal or focal)
    if encoding == "webp" and max(layout.width, layout.height) > _WEBP_LONGEST:
        inside = Wish(width=_WEBP_LONGEST, height=_WEBP_LONGEST, fit="inside")
        layout = _layout(inside, master, exact=True, focal=focal)
    as_it_is = wish.quality is None or quality is None
    if as_it_is and encoding == master.format and layout == Layout(master.width, master.height):
        return None
    return Variant(layout, encoding, quality)


def _layout(wish: Wish, master: Master, *, exact: bool, focal: Point) -> Layout:
    width, height = _asked(wish, exact=exact)
    if width is None or height is None:
        return Layout(*_along(width, height, master))
    if wish.fit == "inside":
        return Layout(*_inside((width, height), master))
    if wish.fit == "contain":
        return _contained((width, height), master)
    box = _shrunk((width, height), (master.width, master.height))
    if _alike(box, master):
        return Layout(*box)
    return replace(Layout(*box), crop=_crop(box, master, focal))


def _along(width: int | None, height: int | None, master: Master) -> Size:
    """With one side given nothing is cut off or added, whatever the fit."""
    if height is None:
        across = min(width or master.width, master.width)
        return across, _in_step(master.height, across, master.width)
    down = min(height, master.height)
    return _in_step(master.width, down, master.height), down


def _asked(wish: Wish, *, exact: bool) -> tuple[int | None, int | None]:
    """In pixels of the screen; with both sides given the width moves and the height follows."""
    width, height = (
        None if side is None else max(1, floor(side * wish.density + 0.5))
        for side in (wish.width, wish.height)
    )
    if exact:
        return width, height
    if width is None:
        return None, None if height is None else _snapped(height)
    snapped = _snapped(width)
    return snapped, None if height is None else _in_step(height, snapped, width)


def _snapped(side: int) -> int:
    return LADDER[min(bisect_left(LADDER, side), len(LADDER) - 1)]


def _contained(paper: Size, master: Master) -> Layout:
    """The whole picture on paper of this size.

    The paper may be longer than the master on one side, as a square around a wide picture is, but
    not than the master's longest; more than the master on both sides is asking for the master.
    """
    longest = max(master.width, master.height)
    larger = paper[0] > master.width and paper[1] > master.height
    paper = _shrunk(paper, (master.width, master.height) if larger else (longest, longest))
    if _alike(paper, master):
        return Layout(*_shrunk(paper, (master.width, master.height)))
    inner = _inside(paper, master)
    return Layout(*paper) if inner == paper else Layout(*paper, inner=inner)


def _inside(box: Size, master: Master) -> Size:
    """The largest size of the whole picture within the box."""
    width, height = box
    if width * master.height <= height * master.width:
        width = min(width, master.width)
        return width, _in_step(master.height, width, master.width)
    height = min(height, master.height)
    return _in_step(master.width, height, master.height), height


def _shrunk(box: Size, bound: Size) -> Size:
    """The box, its ratio kept, within the bound."""
    width, height = box
    if width <= bound[0] and height <= bound[1]:
        return box
    if width * bound[1] >= height * bound[0]:
        return bound[0], _in_step(height, bound[0], width)
    return _in_step(width, bound[1], height), bound[1]


def _alike(box: Size, master: Master) -> bool:
    """Whether the box has the master's ratio, as nearly as whole pixels can."""
    width, height = box
    return height == _scaled(master.height, width, master.width) or width == _scaled(
        master.width, height, master.height
    )


def _crop(box: Size, master: Master, focal: Point) -> tuple[float, float, float, float] | None:
    """The largest part of the box's ratio whose middle is nearest to the focal point."""
    across: float = master.width
    down: float = master.height
    if box[0] * master.height > box[1] * master.width:
        down = box[1] * master.width / box[0]
    else:
        across = box[0] * master.height / box[1]
    left, right = _window(across, master.width, focal[0])
    top, bottom = _window(down, master.height, focal[1])
    whole = (0, 0, master.width, master.height)
    return None if (left, top, right, bottom) == whole else (left, top, right, bottom)


def _window(length: float, bound: int, middle: float) -> tuple[float, float]:
    start = round(min(max(0.0, middle * bound - length / 2), bound - length), 3)
    return start, min(float(bound), round(start + length, 3))


def _in_step(side: int, other: int, other_before: int) -> int:
    """A side after the other one has changed."""
    return max(1, _scaled(side, other, other_before))


def _scaled(side: int, other: int, other_before: int) -> int:
    """Half a pixel is rounded up, as browsers do; in whole numbers, because sides may be huge."""
    return (2 * side * other + other_before) // (2 * other_before)
