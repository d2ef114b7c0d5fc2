"""Files a provider should never send, and sometimes does."""

import struct
import zlib
from io import BytesIO

from PIL import Image


def broken_file(kind: str, picture: bytes) -> bytes:
    """The fault of that name; the sound picture for a name that is none."""
    faults = {
        "html": lambda: b"<!doctype html><title>Sorry</title>",
        "zero": bytes,
        "half": lambda: picture[: len(picture) // 2],
        "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "gif": lambda: _saved(Image.new("P", (512, 512)), "GIF"),
        "misshapen": lambda: _saved(Image.new("RGB", (512, 100), "red"), "PNG"),
        "animated": _animated,
        "huge": lambda: huge_png(50_000),
    }
    return faults.get(kind, lambda: picture)()


def huge_png(side: int) -> bytes:
    """A few bytes that promise side * side pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def _animated() -> bytes:
    frames = [Image.new("RGB", (512, 512), color) for color in ("blue", "green")]
    return _saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
