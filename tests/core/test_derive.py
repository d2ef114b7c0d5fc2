"""Pixels of derivatives: exact sizes, true colours, clean transparency, and the mark that stays."""

from functools import cache
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageCms, ImageColor, ImageStat

from core.imaging import (
    Limits,
    PictureBroken,
    PictureOversized,
    decoded,
    derived,
    may_be_transparent,
    prepare,
    reduction,
    reencode,
)
from core.imaging.marks import SOURCE_TYPE
from core.variants import Encoding, Layout, Master, Variant, Wish, planned
from tests.core.test_imaging import painting, saved

ENCODINGS: tuple[Encoding, ...] = ("png", "jpeg", "webp", "avif")
WIDTHS = (16, 33, 64, 96, 128, 192, 256, 320, 384, 480, 640, 750)
SIZE = (896, 512)
# No lossy encoder is exact; a wrong colour space or a lost turn is off by far more.
NEAR = 6.0


@cache
def master() -> bytes:
    return saved(painting(size=SIZE), "PNG")


def made(
    body: bytes,
    wish: Wish,
    *,
    encoding: Encoding = "png",
    size: tuple[int, int] = SIZE,
    color: str = "#336699",
    generator: str | None = "painter",
) -> Image.Image:
    file = file_of(body, wish, encoding=encoding, size=size, color=color, generator=generator)
    image = Image.open(BytesIO(file))
    image.load()
    return image


def file_of(
    body: bytes,
    wish: Wish,
    *,
    encoding: Encoding = "png",
    size: tuple[int, int] = SIZE,
    color: str = "#336699",
    generator: str | None = "painter",
) -> bytes:
    variant = planned(wish, Master(*size, encoding), exact=True)
    assert variant is not None
    fraction = reduction(encoding, size, variant.layout)
    image = decoded(body, encoding, fraction)
    return derived(image, size, variant, color=color, generator=generator)


def distance(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of a channel's values, 0 to 255."""
    assert one.size == other.size
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(ImageStat.Stat(difference).mean)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_size_in_every_format_is_exact(width: int, encoding: Encoding) -> None:
    image = made(master(), Wish(width=width, height=width // 2 + 1, format=encoding))
    assert image.format == encoding.upper()
    assert image.size == (width, width // 2 + 1)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_picture_is_still_the_same(encoding: Encoding) -> None:
    image = made(master(), Wish(width=448, format=encoding))
    wanted = painting(size=SIZE).resize((448, 256), Image.Resampling.LANCZOS)
    assert distance(image, wanted) < NEAR


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_ai_mark_survives_and_nothing_else_does(encoding: Encoding) -> None:
    secret = saved(painting(size=SIZE), "JPEG", comment=b"a secret", quality=95)
    stored = prepare(secret, ratio=None, generator="painter")
    wish = Wish(width=320, format=encoding)
    image = made(stored.body, wish, encoding="jpeg")
    assert SOURCE_TYPE in str(image.info["xmp"])
    assert "Mirage (painter)" in str(image.info["xmp"])
    unmarked = file_of(stored.body, wish, encoding="jpeg", generator=None)
    with Image.open(BytesIO(unmarked)) as bare:
        assert not bare.getexif()
        assert not bare.info.keys() & {"icc_profile", "comment", "exif", "xmp"}
    assert b"a secret" not in unmarked


def test_a_crop_keeps_its_focus() -> None:
    halves = Image.new("RGB", SIZE, "red")
    halves.paste("blue", (SIZE[0] // 2, 0, *SIZE))
    body = saved(halves, "PNG")
    for focal, color in (((0.0, 0.5), (255, 0, 0)), ((1.0, 0.5), (0, 0, 255))):
        image = made(body, Wish(width=64, height=128, focal=focal))
        assert image.convert("RGB").getcolors() == [(64 * 128, color)]


def test_contain_puts_the_whole_picture_on_paper_of_its_colour() -> None:
    image = made(master(), Wish(width=256, height=256, fit="contain", format="png"))
    wanted = painting(size=SIZE).resize((256, 146), Image.Resampling.LANCZOS)
    assert image.size == (256, 256)
    assert image.getpixel((0, 0)) == image.getpixel((255, 255)) == (0x33, 0x66, 0x99)
    assert distance(image.crop((0, 55, 256, 201)), wanted) < 1


def test_a_sideways_upload_comes_out_upright_in_every_size() -> None:
    upright = Image.new("RGB", (600, 400), "red")
    upright.paste("blue", (0, 200, 600, 400))
    tags = Image.Exif()
    tags[0x0112] = 6
    sideways = saved(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=tags.tobytes())
    stored = reencode(sideways)
    size = (stored.width, stored.height)
    image = made(stored.body, Wish(width=300), encoding="jpeg", size=size)
    assert image.size == (300, 200)
    assert distance(image, upright.resize((300, 200))) < NEAR
    # What bears its turn with it is turned as well.
    turned = decoded(sideways, "jpeg")
    assert turned.size == (600, 400)
    assert distance(turned, upright) < NEAR


def wide_gamut() -> bytes:
    """A profile whose red and green have changed places: whoever passes it over is far off."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    places = {profile[132 + 12 * at : 136 + 12 * at].hex(): 132 + 12 * at for at in range(count)}
    red, green = places[b"rXYZ".hex()], places[b"gXYZ".hex()]
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    at = profile.find("sRGB".encode("utf-16-be"))
    while at >= 0:
        profile[at : at + 8] = "xxxx".encode("utf-16-be")
        at = profile.find("sRGB".encode("utf-16-be"))
    return bytes(profile)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_colour_profile_is_applied_and_dropped(encoding: Encoding) -> None:
    body = saved(Image.new("RGB", (64, 64), (200, 20, 60)), "PNG", icc_profile=wide_gamut())
    wish = Wish(width=32, format=encoding)
    image = made(body, wish, size=(64, 64), generator=None)
    assert "icc_profile" not in image.info
    assert distance(image, Image.new("RGB", (32, 32), (20, 200, 60))) < NEAR


def test_what_is_said_of_an_upload_s_colours_is_what_a_browser_shows() -> None:
    body = saved(Image.new("RGB", (64, 64), (250, 20, 20)), "PNG", icc_profile=wide_gamut())
    red, green, blue = ImageColor.getrgb(reencode(body).dominant_color)[:3]
    assert min(green - red, green - blue) > 100


def test_a_profile_that_does_not_fit_is_passed_over() -> None:
    body = saved(Image.new("RGB", (64, 64), (200, 20, 60)), "PNG", icc_profile=b"no profile")
    image = made(body, Wish(width=32, format="png"), size=(64, 64))
    assert image.convert("RGB").getpixel((0, 0)) == (200, 20, 60)


def test_printers_colours_become_screen_colours() -> None:
    cyan = Image.new("CMYK", (64, 64), (255, 0, 0, 0))
    image = made(saved(cyan, "JPEG"), Wish(width=32), encoding="jpeg", size=(64, 64))
    assert image.mode == "RGB"
    assert distance(image, Image.new("RGB", (32, 32), (0, 255, 255))) < NEAR


def pixels_of(mode: str) -> Image.Image:
    """The same picture in every mode; in colour where the mode has any."""
    if mode == "P":
        return painting("RGB", (64, 64)).quantize(64, dither=Image.Dither.NONE)
    if mode == "I;16":
        return painting("L", (64, 64)).convert("I").point(lambda value: value * 257).convert(mode)
    return painting("L" if mode in ("1", "L", "LA") else "RGBA", (64, 64)).convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_kind_of_pixels_becomes_a_picture(mode: str, encoding: Encoding) -> None:
    image = made(
        saved(pixels_of(mode), "PNG"), Wish(width=32, format=encoding, quality=90), size=(64, 64)
    )
    seen = painting("L", (64, 64)) if mode == "I;16" else pixels_of(mode)
    paper = Image.new("RGBA", (64, 64), "white")
    paper.alpha_composite(seen.convert("RGBA"))
    small = Image.new("RGBA", (32, 32), "white")
    small.alpha_composite(image.convert("RGBA"))
    # Bilevel pictures are nothing but edges.
    play = 2 * NEAR if mode == "1" else NEAR
    assert distance(small, paper.resize((32, 32), Image.Resampling.LANCZOS)) < play


@pytest.mark.parametrize("encoding", ["png", "webp", "avif"])
def test_what_is_invisible_does_not_bleed(encoding: Encoding) -> None:
    # Invisible green around opaque red: mixed carelessly, the rim turns green.
    image = Image.new("RGBA", (128, 128), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (32, 32, 96, 96))
    wish = Wish(width=37, format=encoding, quality=None if encoding == "png" else 95)
    small = made(saved(image, "PNG"), wish, size=(128, 128))
    assert small.mode == "RGBA"
    alpha = small.getchannel("A")
    assert alpha.getextrema() == (0, 255)
    visible = alpha.point(lambda value: 255 if value > 32 else 0)
    assert ImageStat.Stat(small.getchannel("G"), visible).mean[0] < 40


def test_jpeg_shows_what_is_transparent_as_a_page_would() -> None:
    body = saved(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), "PNG")
    image = made(body, Wish(width=32, format="jpeg"), size=(64, 64))
    assert image.getpixel((16, 16)) == (255, 255, 255)
    padded = made(body, Wish(width=32, height=16, fit="contain", format="jpeg"), size=(64, 64))
    assert distance(padded, Image.new("RGB", (32, 16), "#336699")) < NEAR


def test_an_alpha_channel_that_hides_nothing_is_dropped() -> None:
    body = saved(Image.new("RGBA", (64, 64), (10, 20, 30, 255)), "PNG")
    assert made(body, Wish(width=32, format="webp"), size=(64, 64)).mode == "RGB"


@pytest.mark.parametrize(
    ("encoding", "mode", "transparent"),
    [
        ("png", "RGB", False),
        ("png", "RGBA", True),
        ("png", "LA", True),
        ("jpeg", "RGB", False),
        ("webp", "RGB", False),
        ("webp", "RGBA", True),
        ("avif", "RGBA", True),
    ],
)
def test_transparency_is_read_off_the_header(
    encoding: Encoding, mode: str, transparent: bool
) -> None:
    body = saved(painting(mode, (32, 32)), encoding.upper())
    assert may_be_transparent(body, encoding) is transparent
    assert may_be_transparent(b"no picture", encoding) is False


def test_a_large_photo_is_decoded_as_large_as_it_has_to_be() -> None:
    size = (4000, 2000)
    body = saved(painting(size=(400, 200)).resize(size), "JPEG", quality=90)
    thumbnail = Wish(width=320, format="png")
    variant = planned(thumbnail, Master(*size, "jpeg"), exact=True)
    assert variant is not None
    assert reduction("jpeg", size, variant.layout) == 4
    assert decoded(body, "jpeg", 4).size == (1000, 500)
    image = made(body, thumbnail, encoding="jpeg", size=size)
    assert distance(image, painting(size=(400, 200)).resize((320, 160))) < NEAR
    assert reduction("jpeg", size, Layout(1200, 600)) == 1
    assert reduction("png", size, variant.layout) == 1
    cut = made(body, Wish(width=100, height=200, focal=(1, 1)), encoding="jpeg", size=size)
    right = painting(size=(400, 200)).crop((300, 0, 400, 200))
    assert distance(cut, right) < NEAR


def test_a_master_beyond_the_limits_or_broken_is_refused() -> None:
    with pytest.raises(PictureOversized):
        decoded(master(), "png", limits=Limits(max_pixels=100))
    with pytest.raises(PictureBroken):
        decoded(master()[:200], "png")
    with pytest.raises(PictureBroken):
        decoded(b"no picture", "webp")


def test_quality_is_what_was_asked() -> None:
    sizes = [
        len(file_of(master(), Wish(width=320, format="webp", quality=quality)))
        for quality in (20, 60, 95)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]


def test_jpegs_load_from_coarse_to_fine() -> None:
    image = made(master(), Wish(width=320, format="jpeg"))
    assert image.info.get("progressive")


def test_the_same_work_comes_to_the_same_bytes() -> None:
    variant = Variant(Layout(320, 183), "avif", 60)
    image = decoded(master(), "png")
    one, other = (derived(image, SIZE, variant, color="", generator="painter") for _ in range(2))
    assert one == other
