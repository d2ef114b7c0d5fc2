"""What is asked of a picture beside what it shows: its size, its shape, its format."""

from dataclasses import dataclass
from typing import Literal

Fit = Literal["cover", "contain", "inside"]
Format = Literal["png", "jpeg", "webp", "avif", "auto"]

FITS: tuple[Fit, ...] = ("cover", "contain", "inside")
FORMATS: tuple[Format, ...] = ("png", "jpeg", "webp", "avif", "auto")


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
