"""Encodes pixels for the web: the settings that tests/bench chose, and the AI mark.

docs/decisions/0010-one-master-many-sizes.md says why these.
"""

import os
from collections.abc import Callable, Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Any, BinaryIO

from PIL import Image

from core.imaging.containers import png_with_xmp

# Change it whenever the same pixels would be encoded otherwise: it is part of every identity.
ENCODERS = "1"

# Up to these many pixels at this speed of the AVIF encoder: slower is smaller.
_AVIF_SPEEDS = ((1_250_000, 6), (4_000_000, 8))
_AVIF_FASTEST = 9
_PNG: Mapping[str, Any] = MappingProxyType({"compress_level": 4})


def encoded(
    image: Image.Image, encoding: str, quality: int | None, *, paper: str, xmp: bytes | None
) -> bytes:
    """The picture as a file. ``encoding`` is png, jpeg, webp or avif.

    ``paper`` is the colour behind what is transparent, where the format has no transparency;
    ``xmp`` the packet to carry.
    """
    match encoding:
        case "jpeg":
            return _jpeg(_on_paper(image, paper), quality, xmp)
        case "webp":
            return _saved(image, "WEBP", BytesIO, quality=quality, method=3, xmp=xmp or b"")
        case "avif":
            # One thread each: how many there are at once is decided elsewhere, and it costs less.
            options = {"quality": quality, "speed": _avif_speed(image), "max_threads": 1}
            return _saved(image, "AVIF", BytesIO, xmp=xmp or b"", **options)
    body = _saved(image, "PNG", BytesIO, **_PNG)
    return png_with_xmp(body, xmp) if xmp else body


def _jpeg(image: Image.Image, quality: int | None, xmp: bytes | None) -> bytes:
    options: dict[str, Any] = {"quality": quality, "progressive": True}
    if xmp:
        options["xmp"] = xmp
    return _saved(image, "JPEG", _lock_free, **options)


def _saved(image: Image.Image, kind: str, opened: Callable[[], BinaryIO], **options: Any) -> bytes:
    with opened() as file:
        image.save(file, kind, **options)
        file.seek(0)
        return file.read()


def _lock_free() -> BinaryIO:
    """A file in memory: only into real files does Pillow's JPEG encoder let other threads run."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("picture"), "w+b")
    return BytesIO()


def _avif_speed(image: Image.Image) -> int:
    pixels = image.width * image.height
    return next((speed for bound, speed in _AVIF_SPEEDS if pixels <= bound), _AVIF_FASTEST)


def _on_paper(image: Image.Image, paper: str) -> Image.Image:
    if image.mode != "RGBA":
        return image
    flat = Image.new("RGBA", image.size, paper)
    flat.alpha_composite(image)
    return flat.convert("RGB")
