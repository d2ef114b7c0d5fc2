"""Pictures that strangers send: what is kept of them, what is not, and that they stand upright."""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from core.imaging import (
    Limits,
    PictureAnimated,
    PictureBroken,
    PictureOversized,
    PictureRefused,
    PictureUnknown,
    reencode,
    sniff,
)

KINDS = ("PNG", "JPEG", "WEBP", "AVIF")
ORIENTATION, DESCRIPTION = 0x0112, 0x010E
SECRET = "where it was taken"


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def corner(size: tuple[int, int] = (48, 32)) -> Image.Image:
    """White, with a black quarter at the top left: every turn of it looks different."""
    image = Image.new("RGB", size, "white")
    image.paste("black", (0, 0, size[0] // 2, size[1] // 2))
    return image


def opened(body: bytes) -> Image.Image:
    image = Image.open(BytesIO(body))
    image.load()
    return image


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_comes_back_in_its_own_format(kind: str) -> None:
    result = reencode(saved(corner(), kind))
    image = opened(result.body)
    assert (image.format, image.size) == (kind, (48, 32))
    assert (result.mime_type, result.width, result.height) == (f"image/{kind.lower()}", 48, 32)
    assert result.dominant_color in {"#ffffff", "#fefefe"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("orientation", "dark"),
    [(1, "NW"), (2, "NE"), (3, "SE"), (4, "SW"), (5, "NW"), (6, "NE"), (7, "SE"), (8, "SW")],
)
def test_it_is_turned_as_its_metadata_say(kind: str, orientation: int, dark: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    result = reencode(saved(corner(), kind, exif=exif))
    assert (result.width, result.height) == ((48, 32) if orientation < 5 else (32, 48))
    image = opened(result.body).convert("L")
    x = image.width // 4 if "W" in dark else image.width * 3 // 4
    y = image.height // 4 if "N" in dark else image.height * 3 // 4
    assert image.getpixel((x, y)) < 60  # type: ignore[operator]  # one band, one number
    assert image.getpixel((image.width - 1 - x, image.height - 1 - y)) > 200  # type: ignore[operator]  # one
    assert ORIENTATION not in opened(result.body).getexif()


@pytest.mark.parametrize("kind", KINDS)
def test_the_colour_profile_stays_and_everything_else_goes(kind: str) -> None:
    exif = Image.Exif()
    exif[DESCRIPTION] = SECRET
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options: dict[str, Any] = {"exif": exif, "icc_profile": profile}
    if kind == "JPEG":
        options["comment"] = SECRET
    raw = saved(corner(), kind, **options) + SECRET.encode()
    result = reencode(raw)
    assert SECRET.encode() in raw
    assert SECRET.encode() not in result.body
    image = opened(result.body)
    assert image.info.get("icc_profile") == profile
    assert not image.getexif()


def test_what_has_no_loss_gets_none() -> None:
    noise = Image.effect_noise((40, 30), 90).convert("RGB")
    for raw in (saved(noise, "PNG"), saved(noise, "WEBP", lossless=True)):
        assert opened(reencode(raw).body).tobytes() == noise.tobytes()


def test_a_profile_in_front_of_lossless_pixels_does_not_hide_them() -> None:
    noise = Image.effect_noise((40, 30), 90).convert("RGB")
    raw = saved(noise, "WEBP", lossless=True, icc_profile=bytes(5_000))
    assert opened(reencode(raw).body).convert("RGB").tobytes() == noise.tobytes()


def test_a_jpeg_grows_no_finer_and_no_larger() -> None:
    raw = saved(Image.effect_noise((200, 200), 60).convert("RGB"), "JPEG", quality=50)
    assert abs(len(reencode(raw).body) - len(raw)) < len(raw) // 10


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_taken(mode: str) -> None:
    grey = Image.frombytes("L", (20, 20), bytes(0x70 + 31 * at % 0x20 for at in range(400)))
    wide = grey.convert("I").point(lambda value: value * 256).convert("I;16")
    source = wide if mode == "I;16" else grey.convert("RGB").convert(mode)
    result = reencode(saved(source, "PNG"))
    assert opened(result.body).mode == mode
    # Two colours have no middle; everywhere else nothing may be clipped to white.
    assert mode == "1" or 0x60 < int(result.dominant_color[1:3], 16) < 0xA0


def test_transparency_stays() -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    for kind in ("PNG", "WEBP", "AVIF"):
        image = opened(reencode(saved(clear, kind)).body).convert("RGBA")
        assert image.getpixel((4, 4))[3] == 0  # type: ignore[index]  # four bands
    palette = Image.new("P", (4, 4), 0)
    raw = saved(palette, "PNG", transparency=0)
    assert opened(reencode(raw).body).convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]  # four


def test_a_phones_jpeg_of_two_pictures_is_its_first() -> None:
    raw = saved(corner(), "MPO", save_all=True, append_images=[Image.new("RGB", (48, 32), "red")])
    result = reencode(raw)
    assert opened(result.body).format == "JPEG"
    assert result.dominant_color == "#ffffff"


def test_a_cmyk_jpeg_is_taken() -> None:
    assert opened(reencode(saved(corner().convert("CMYK"), "JPEG")).body).mode == "CMYK"


@pytest.mark.parametrize("kind", KINDS)
def test_limits_hold_before_anything_is_decoded(kind: str) -> None:
    raw = saved(corner(), kind)
    with pytest.raises(PictureOversized):
        reencode(raw, Limits(max_pixels=48 * 32 - 1))
    with pytest.raises(PictureOversized):
        reencode(raw, Limits(max_bytes=len(raw) - 1))
    reencode(raw, Limits(max_bytes=len(raw), max_pixels=48 * 32))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_a_film_is_refused(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue")]
    with pytest.raises(PictureAnimated):
        reencode(saved(frames[0], kind, save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_picture_is_broken(kind: str) -> None:
    raw = saved(Image.effect_noise((64, 64), 90).convert("RGB"), kind)
    with pytest.raises(PictureBroken):
        reencode(raw[: len(raw) // 2])


def test_a_heic_is_no_avif() -> None:
    head = b"\0\0\0\x18ftyp"
    assert sniff(head + b"mif1\0\0\0\0avifmiaf") == "AVIF"
    for brands in (b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0heicmiaf"):
        with pytest.raises(PictureUnknown):
            sniff(head + brands)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(KINDS), at=st.floats(0, 1), byte=st.integers(0, 255))
def test_a_flipped_byte_is_refused_or_harmless(kind: str, at: float, byte: int) -> None:
    raw = bytearray(saved(corner(), kind))
    raw[int(at * (len(raw) - 1))] = byte
    try:
        result = reencode(bytes(raw), Limits(max_pixels=1_000_000))
    except PictureRefused:
        return
    opened(result.body)
