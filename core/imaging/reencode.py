"""From a stranger's bytes to a picture that may be stored: decoded, turned upright, encoded anew.

Nothing of the file itself survives but pixels, transparency and the colour profile: no EXIF with
the place it was taken, no comments, no second file behind the picture.
"""

import hashlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from core.imaging.color import in_srgb
from core.imaging.containers import webp_chunks
from core.imaging.decode import DECODING_ERRORS, decode, ensure_within
from core.imaging.errors import PictureBroken
from core.imaging.limits import Limits
from core.imaging.normal import turn_of
from core.imaging.sniff import MIME_TYPES, sniff
from core.imaging.summary import dominant_color, small, thumb_hash
from core.models import VerifiedPicture

# Profiles of cameras and screens have a few kilobytes; printers' tables reach one or two million.
_LARGEST_PROFILE = 2_000_000

# A second lossy encoding should be seen by nobody. The AVIF encoder's default speed takes a second
# for a megapixel; 8 takes a tenth of one.
_PNG: Mapping[str, Any] = {"compress_level": 6}
_WEBP: Mapping[str, Any] = {"quality": 90, "method": 2}
_WEBP_LOSSLESS: Mapping[str, Any] = {"lossless": True, "quality": 50, "method": 2}
_AVIF: Mapping[str, Any] = {"quality": 80, "speed": 8}


def reencode(raw: bytes, limits: Limits | None = None) -> VerifiedPicture:
    """The picture in its own format, upright.

    PNG and lossless WebP lose nothing. Raises PictureUnknown, PictureOversized, PictureAnimated,
    PictureBroken.
    """
    kind = sniff(raw)
    image = _decoded(raw, kind, limits or Limits())
    upright = _upright(image)
    body = _encoded(upright, kind, _options(image, kind, raw))
    little = small(in_srgb(upright))
    return VerifiedPicture(
        body=body,
        mime_type=MIME_TYPES[kind],
        width=upright.width,
        height=upright.height,
        digest=hashlib.sha256(body).hexdigest(),
        thumb_hash=thumb_hash(little),
        dominant_color=dominant_color(little),
    )


def _decoded(raw: bytes, kind: str, limits: Limits) -> Image.Image:
    if kind != "JPEG":
        return decode(raw, kind, limits)
    ensure_within(len(raw), limits)
    try:
        # Phones append a depth map or a second exposure (MPO); the picture is the first one.
        image: ImageFile.ImageFile = JpegImageFile(BytesIO(raw))
        ensure_within(len(raw), limits, image.size)
        image.load()
    except DECODING_ERRORS:
        raise PictureBroken from None
    return image


def _upright(image: Image.Image) -> Image.Image:
    """A copy turned as the metadata say, and rid of them."""
    turn = turn_of(image)
    upright = image.copy() if turn is None else image.transpose(turn)
    profile = image.info.get("icc_profile")
    upright.info = {}
    if "transparency" in image.info:
        upright.info["transparency"] = image.info["transparency"]
    if isinstance(profile, bytes) and len(profile) <= _LARGEST_PROFILE:
        upright.info["icc_profile"] = profile
    return upright


def _options(image: Image.Image, kind: str, raw: bytes) -> Mapping[str, Any]:
    match kind:
        case "JPEG" if isinstance(image, JpegImageFile):
            # As fine as it came, no finer: any other choice makes it larger or worse.
            return {"qtables": image.quantization, "subsampling": get_sampling(image)}
        case "WEBP":
            lossless = any(name == b"VP8L" for name, _ in webp_chunks(raw))
            return _WEBP_LOSSLESS if lossless else _WEBP
        case "AVIF":
            return _AVIF
    return _PNG


def _encoded(image: Image.Image, kind: str, options: Mapping[str, Any]) -> bytes:
    buffer = BytesIO()
    try:
        image.save(buffer, kind, icc_profile=image.info.get("icc_profile"), exif=b"", **options)
    except DECODING_ERRORS:
        raise PictureBroken from None
    return buffer.getvalue()
