"""Brings decoded pixels into sRGB, the one colour space every browser shows alike."""

from io import BytesIO

from PIL import Image, ImageCms

from core.imaging.normal import eight_bit

# Printers' tables reach one or two million bytes; what is larger is no profile of a picture's.
_LARGEST_PROFILE = 2_000_000
# What browsers do: white stays white, black stays black, everything else is as near as it can be.
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_OPAQUE = (255, 255)


def in_srgb(image: Image.Image) -> Image.Image:
    """The picture in L, RGB or RGBA of 8 bits, without a profile and without metadata.

    An alpha channel that hides nothing is dropped. A profile that does not fit the pixels is
    passed over, as browsers do.
    """
    profile = image.info.get("icc_profile")
    plain = _plain(image)
    alpha = plain.getchannel("A") if plain.mode in ("LA", "RGBA") else None
    if alpha is not None and alpha.getextrema() == _OPAQUE:
        alpha = None
    colors = plain.convert(plain.mode.removesuffix("A")) if plain.mode in ("LA", "RGBA") else plain
    if isinstance(profile, bytes) and len(profile) <= _LARGEST_PROFILE:
        colors = _converted(colors, profile)
    if colors.mode not in ("L", "RGB"):
        colors = colors.convert("RGB")
    if alpha is not None:
        colors = colors.convert("RGB")
        colors.putalpha(alpha)
    if colors is image:
        # The caller's stays as it is, and its file is let go of.
        colors = image.copy()
    colors.info = {}
    return colors


def _plain(image: Image.Image) -> Image.Image:
    """In one of the modes profiles are made for: L, LA, RGB, RGBA or CMYK."""
    image = eight_bit(image)
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK") and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "F") else "RGB")


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if image.mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), _INTENT, outputMode="RGB", flags=_FLAGS
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    return image if converted is None else converted
