"""Pictures are proven sound, marked as AI-made without touching a pixel, and summed up."""

import base64
import hashlib
import struct
import zlib
from functools import cache
from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin
from thumbhash import thumb_hash_to_approximate_aspect_ratio, thumb_hash_to_average_rgba

from core.errors import PictureUnsound
from core.imaging import (
    Limits,
    PictureAnimated,
    PictureBroken,
    PictureMisshapen,
    PictureOversized,
    PictureUnknown,
    prepare,
    sniff,
)
from core.imaging.marks import SOURCE_TYPE
from tests.standins.replicate_faults import broken_file, huge_png

PROMPT = b"a prompt nobody should read"


def painting(mode: str = "RGB", size: tuple[int, int] = (160, 90)) -> Image.Image:
    down = Image.linear_gradient("L").resize(size)
    across = down.transpose(Image.Transpose.ROTATE_90).resize(size)
    colors = Image.merge("RGBA", (down, across, Image.new("L", size, 90), across))
    return colors.convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels(body: bytes) -> tuple[str, tuple[int, int], bytes]:
    with Image.open(BytesIO(body)) as image:
        return image.mode, image.size, image.tobytes()


def exif() -> bytes:
    tags = Image.Exif()
    tags[0x010E] = PROMPT.decode()
    return tags.tobytes()


@cache
def profile() -> bytes:
    """The same for all tests: it names the second it was made in."""
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def png_with_secrets(image: Image.Image) -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", PROMPT.decode())
    text.add_itxt("prompt", PROMPT.decode(), zip=True)
    text.add_text("Comment", PROMPT.decode(), zip=True)
    return saved(image, "PNG", pnginfo=text, exif=exif(), icc_profile=profile()) + PROMPT


SAMPLES = {
    "png": lambda: png_with_secrets(painting()),
    "png with alpha": lambda: png_with_secrets(painting("RGBA")),
    "png with palette": lambda: png_with_secrets(painting().quantize(16)),
    "grey png": lambda: png_with_secrets(painting("L")),
    "jpeg": lambda: (
        saved(painting(), "JPEG", exif=exif(), comment=PROMPT, icc_profile=profile(), xmp=PROMPT)
        + PROMPT
    ),
    "progressive jpeg": lambda: saved(painting(), "JPEG", progressive=True, comment=PROMPT),
    "cmyk jpeg": lambda: saved(painting("RGB").convert("CMYK"), "JPEG", comment=PROMPT),
    "jpeg with restarts": lambda: saved(painting(), "JPEG", restart_marker_blocks=2),
    "webp": lambda: saved(painting(), "WEBP"),
    "lossless webp": lambda: saved(painting(), "WEBP", lossless=True),
    "webp with alpha": lambda: saved(painting("RGBA"), "WEBP"),
    "lossless webp with alpha": lambda: saved(painting("RGBA"), "WEBP", lossless=True),
    "webp with everything": lambda: (
        saved(painting("RGBA"), "WEBP", exif=exif(), xmp=PROMPT, icc_profile=profile()) + PROMPT
    ),
}


@pytest.fixture(params=SAMPLES.values(), ids=SAMPLES.keys())
def sample(request: pytest.FixtureRequest) -> bytes:
    return request.param()


def test_a_picture_is_marked_without_touching_a_pixel(sample):
    marked = prepare(sample, ratio="16:9", generator="replicate").body
    assert pixels(marked) == pixels(sample)


def test_the_mark_can_be_read_where_readers_look_for_it(sample):
    marked = prepare(sample, ratio=None, generator="replicate").body
    with Image.open(BytesIO(marked)) as image:
        image.load()
        packet = image.info["xmp"]
    assert SOURCE_TYPE.encode() in packet
    assert b"replicate" in packet
    assert SOURCE_TYPE.endswith("/trainedAlgorithmicMedia")


def test_nothing_that_could_hold_a_prompt_remains(sample):
    marked = prepare(sample, ratio=None, generator="replicate").body
    assert PROMPT not in marked
    with Image.open(BytesIO(marked)) as image:
        image.load()
        assert not image.getexif()
        left = set(image.info) - {"xmp", "icc_profile", "dpi", "transparency", "gamma", "srgb"}
    assert left <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "progressive",
        "progression",
        "adobe",
        "adobe_transform",
        "XML:com.adobe.xmp",
        "loop",
        "background",
        "timestamp",
        "duration",
    }


def test_the_colour_profile_stays():
    for name in ("png", "jpeg", "webp with everything"):
        marked = prepare(SAMPLES[name](), ratio=None, generator="replicate").body
        with Image.open(BytesIO(marked)) as image:
            assert image.info["icc_profile"] == profile()


def test_marking_twice_changes_nothing(sample):
    once = prepare(sample, ratio=None, generator="replicate").body
    assert prepare(once, ratio=None, generator="replicate").body == once


def test_avif_is_encoded_anew_and_stays_close():
    raw = saved(painting(), "AVIF", quality=90, exif=exif())
    verified = prepare(raw, ratio="16:9", generator="replicate")
    with Image.open(BytesIO(raw)) as before, Image.open(BytesIO(verified.body)) as after:
        assert SOURCE_TYPE.encode() in after.info["xmp"]
        pairs = zip(before.convert("RGB").tobytes(), after.convert("RGB").tobytes(), strict=True)
        assert max(abs(first - second) for first, second in pairs) < 24
    assert verified.mime_type == "image/avif"
    assert PROMPT not in verified.body


def test_the_facts_are_those_of_the_stored_bytes():
    verified = prepare(saved(painting(), "PNG"), ratio="16:9", generator="painter")
    assert verified.digest == hashlib.sha256(verified.body).hexdigest()
    assert (verified.mime_type, verified.width, verified.height) == ("image/png", 160, 90)


def test_the_thumb_hash_looks_like_the_picture():
    image = Image.new("RGB", (640, 360), "black")
    image.paste("orange", (0, 0, 320, 360))
    bright_left = hash_of(image)
    bright_right = hash_of(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert thumb_hash_to_approximate_aspect_ratio(bright_left) == pytest.approx(16 / 9, rel=0.1)
    assert thumb_hash_to_average_rgba(bright_left)[:3] == pytest.approx((0.5, 0.32, 0), abs=0.04)
    # The low half of byte 5 is the wave across: 15 is light on the left, 0 on the right.
    assert bright_left[5] & 15 == 15
    assert bright_right[5] & 15 == 0


def hash_of(image: Image.Image) -> list[int]:
    verified = prepare(saved(image, "PNG"), ratio="16:9", generator="painter")
    return list(base64.b64decode(verified.thumb_hash))


def test_a_transparent_picture_has_a_thumb_hash_too():
    raw = saved(Image.new("RGBA", (64, 64), (255, 0, 0, 0)), "PNG")
    verified = prepare(raw, ratio="1:1", generator="replicate")
    assert verified.dominant_color == "#ffffff"
    assert base64.b64decode(verified.thumb_hash)


def test_the_dominant_color_is_the_largest_one():
    image = Image.new("RGB", (90, 90), "#204060")
    image.paste("#ff0000", (0, 0, 90, 20))
    verified = prepare(saved(image, "PNG"), ratio="1:1", generator="painter")
    assert verified.dominant_color == "#204060"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("html", PictureUnknown),
        ("zero", PictureUnknown),
        ("svg", PictureUnknown),
        ("gif", PictureUnknown),
        ("half", PictureBroken),
        ("misshapen", PictureMisshapen),
        ("animated", PictureAnimated),
        ("huge", PictureOversized),
    ],
)
def test_what_is_no_picture_is_refused(kind, error):
    raw = broken_file(kind, saved(painting(size=(512, 512)), "PNG"))
    with pytest.raises(error) as caught:
        prepare(raw, ratio="1:1", generator="replicate")
    assert isinstance(caught.value, PictureUnsound)
    assert caught.value.spent


def test_every_cut_of_every_format_is_refused_and_nothing_else_is_raised(sample):
    sample = sample.removesuffix(PROMPT)
    with Image.open(BytesIO(sample)) as image:
        kind = image.format
    end = len(sample) - (12 if kind == "PNG" else 2)
    for cut in range(0, end, max(1, end // 60)):
        with pytest.raises(PictureUnsound):
            prepare(sample[:cut], ratio=None, generator="replicate")


def test_a_flipped_bit_in_a_png_is_noticed():
    raw = bytearray(saved(painting(), "PNG"))
    raw[raw.index(b"IDAT") + 40] ^= 1
    with pytest.raises(PictureBroken):
        prepare(bytes(raw), ratio=None, generator="replicate")


def test_too_many_bytes_are_refused_before_decoding():
    raw = saved(painting(), "PNG")
    with pytest.raises(PictureOversized):
        prepare(raw, ratio=None, generator="x", limits=Limits(max_bytes=len(raw) - 1))
    assert prepare(raw, ratio=None, generator="x", limits=Limits(max_bytes=len(raw)))


def test_too_many_pixels_are_refused_before_decoding():
    # 7000 by 7000 is below Pillow's own alarm and above our limit.
    with pytest.raises(PictureOversized):
        prepare(huge_png(7000), ratio=None, generator="replicate")


def test_a_picture_between_pillows_alarm_and_its_error_is_refused_too():
    with pytest.raises(PictureOversized):
        prepare(huge_png(10_000), ratio=None, generator="replicate")


@pytest.mark.parametrize(
    ("size", "sound"),
    [((1344, 768), True), ((1536, 864), True), ((1408, 768), True), ((1280, 768), False)],
)
def test_six_percent_off_the_ratio_is_the_limit(size, sound):
    raw = saved(Image.new("L", size), "PNG")
    if sound:
        assert prepare(raw, ratio="16:9", generator="replicate").width == size[0]
    else:
        with pytest.raises(PictureMisshapen):
            prepare(raw, ratio="16:9", generator="replicate")


def test_the_type_comes_from_the_bytes():
    assert sniff(b"\xff\xd8\xff\xe0") == "JPEG"
    assert sniff(b"RIFF\0\0\0\0WEBPVP8 ") == "WEBP"
    assert sniff(b"\0\0\0\x20ftypavif") == "AVIF"
    with pytest.raises(PictureUnknown):
        sniff(b"RIFF\0\0\0\0WAVEfmt ")


def test_a_png_without_its_data_is_refused():
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IEND", b"")]
    raw = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    with pytest.raises(PictureBroken):
        prepare(raw, ratio=None, generator="replicate")
