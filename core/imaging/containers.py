"""Rewrites the metadata of PNG, JPEG and WebP files without touching a pixel.

Each function keeps what decoding and colour need, puts one XMP packet in, and drops all else: text,
EXIF, comments, thumbnails, and anything that follows the picture in the file.
"""

import re
import struct
import zlib
from collections.abc import Iterator

from core.imaging.errors import PictureBroken
from core.imaging.sniff import PNG_SIGNATURE

# PNG Third Edition §11: critical chunks, transparency, colour, physical size. No text, no eXIf.
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD pHYs".split()
)
_PNG_XMP_KEYWORD = b"XML:com.adobe.xmp\0\0\0\0\0"

_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_COMMENT = 0xFE
_JPEG_SCAN = 0xDA
_JPEG_END = 0xD9
# Inside a scan, FF 00 is a stuffed byte and FF D0 to D7 a restart; any other FF xx ends it.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

# RFC 9649 §2.7.1.1: the flags of VP8X.
_WEBP_ICC, _WEBP_ALPHA, _WEBP_XMP = 0x20, 0x10, 0x04


def png_with_xmp(raw: bytes, xmp: bytes) -> bytes:
    """The PNG with ``xmp`` as its only text. Raises PictureBroken."""
    parts = [PNG_SIGNATURE]
    for name, data in _png_chunks(raw):
        if name in _PNG_KEPT:
            parts.append(_png_chunk(name, data))
        if name == b"IHDR":
            parts.append(_png_chunk(b"iTXt", _PNG_XMP_KEYWORD + xmp))
    return b"".join(parts)


def _png_chunks(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(raw):
        (length,) = struct.unpack_from(">I", raw, at)
        name = raw[at + 4 : at + 8]
        data = raw[at + 8 : at + 8 + length]
        at += 12 + length
        yield name, data
        if name == b"IEND":
            return
    raise PictureBroken


def _png_chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def jpeg_with_xmp(raw: bytes, xmp: bytes) -> bytes:
    """The JPEG with ``xmp`` as its only comment. Raises PictureBroken."""
    ours = _JPEG_XMP + xmp
    parts = [raw[:2]]
    pending = b"\xff\xe1" + struct.pack(">H", len(ours) + 2) + ours
    for marker, segment in _jpeg_segments(raw):
        # JFIF wants its APP0 to be the very first, so the mark goes behind it.
        if pending and marker != 0xE0:
            parts.append(pending)
            pending = b""
        if _jpeg_kept(marker, segment):
            parts.append(segment)
    return b"".join(parts)


def _jpeg_kept(marker: int, segment: bytes) -> bool:
    if marker == _JPEG_COMMENT:
        return False
    if 0xE0 <= marker <= 0xEF:
        # JFIF, the colour profile, and Adobe's word on the colour transform.
        body = segment[4:]
        return body.startswith((b"JFIF\0", b"ICC_PROFILE\0")) or marker == 0xEE
    return True


def _jpeg_segments(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment; a scan carries its entropy-coded data along."""
    at = 2
    while at + 4 <= len(raw):
        if raw[at] != 0xFF:
            raise PictureBroken
        marker = raw[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        (length,) = struct.unpack_from(">H", raw, at + 2)
        end = at + 2 + length
        if marker == _JPEG_SCAN:
            end = _scan_end(raw, end)
        yield marker, raw[at:end]
        at = end
        if raw[at : at + 2] == b"\xff\xd9":
            yield _JPEG_END, b"\xff\xd9"
            return
    raise PictureBroken


def _scan_end(raw: bytes, start: int) -> int:
    found = _JPEG_MARKER.search(raw, start)
    if found is None:
        raise PictureBroken
    return found.start()


def webp_with_xmp(raw: bytes, xmp: bytes, size: tuple[int, int], *, alpha: bool) -> bytes:
    """The still WebP in its extended form, with ``xmp`` and no EXIF. Raises PictureBroken."""
    chunks = dict(webp_chunks(raw))
    profile = chunks.get(b"ICCP")
    flags = _WEBP_XMP | (_WEBP_ICC if profile else 0) | (_WEBP_ALPHA if alpha else 0)
    width, height = size
    header = (
        bytes((flags, 0, 0, 0))
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    parts = [_webp_chunk(b"VP8X", header)]
    kept = (b"ICCP", b"ALPH", b"VP8 ", b"VP8L")
    parts += [_webp_chunk(name, chunks[name]) for name in kept if name in chunks]
    parts.append(_webp_chunk(b"XMP ", xmp))
    payload = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(payload)) + payload


def webp_chunks(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of every chunk (RFC 9649 §2.3). Raises PictureBroken."""
    (length,) = struct.unpack_from("<I", raw, 4)
    end = min(len(raw), 8 + length)
    at = 12
    while at + 8 <= end:
        name = raw[at : at + 4]
        (length,) = struct.unpack_from("<I", raw, at + 4)
        if at + 8 + length > end:
            raise PictureBroken
        yield name, raw[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _webp_chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
