"""Tells a picture's type from its first bytes; what anybody says about it is not asked."""

from core.imaging.errors import PictureUnknown

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
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
    if body[4:8] == b"ftyp" and body[8:12] in (b"avif", b"avis", b"mif1"):
        return "AVIF"
    raise PictureUnknown
