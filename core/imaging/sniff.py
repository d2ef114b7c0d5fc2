"""Tells a picture's type from its first bytes; what anybody says about it is not asked."""

from core.imaging.errors import PictureUnknown

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LONGEST_BRANDS = 256
MIME_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
}


def sniff(body: bytes) -> str:
    """``PNG``, ``JPEG``, ``WEBP`` or ``AVIF``. Raises PictureUnknown."""
    if body.startswith(PNG_SIGNATURE):
        return "PNG"
    if body.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "WEBP"
    if body[4:8] == b"ftyp" and _has_avif_brand(body):
        return "AVIF"
    raise PictureUnknown


def _has_avif_brand(body: bytes) -> bool:
    """AVIF 1.1, 3 and HEIF: one of the brands says so, not always the major one. HEIC, which
    begins alike, has none of these."""
    length = min(int.from_bytes(body[:4], "big"), _LONGEST_BRANDS)
    brands = (body[at : at + 4] for at in (8, *range(16, length, 4)))
    return any(brand in (b"avif", b"avis") for brand in brands)
