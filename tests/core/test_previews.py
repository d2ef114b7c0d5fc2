"""A ThumbHash unfolds into the blurred picture it was made of."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from core.imaging.summary import small, thumb_hash
from core.previews import preview_of


def painting(size: tuple[int, int]) -> Image.Image:
    """Blue above, orange below, a dark spot at the right: waves in every channel."""
    sky = Image.linear_gradient("L").resize(size)
    picture = Image.composite(
        Image.new("RGB", size, "#e08a2e"), Image.new("RGB", size, "#2e6fe0"), sky
    )
    spot = Image.radial_gradient("L").resize((size[0] // 2, size[1] // 2))
    picture.paste("#102010", (size[0] // 2, 0), ImageChops.invert(spot))
    return picture


def unfolded(hashed: str) -> Image.Image:
    preview = preview_of(hashed)
    return Image.frombytes("RGB", (preview.width, preview.height), preview.pixels)


@pytest.mark.parametrize("size", [(640, 640), (640, 360), (360, 640), (630, 270)])
def test_a_preview_looks_like_the_picture_it_is_of(size: tuple[int, int]) -> None:
    picture = painting(size)
    preview = unfolded(thumb_hash(small(picture)))
    assert max(preview.size) == 32
    # The shape is kept as a ratio of two small numbers.
    assert preview.width / preview.height == pytest.approx(size[0] / size[1], rel=0.15)
    difference = ImageChops.difference(preview, small(picture).resize(preview.size))
    assert max(ImageStat.Stat(difference).mean) < 24
    left, right = (
        preview.crop(box) for box in ((0, 0, 8, 8), (preview.width - 8, 0, preview.width, 8))
    )
    assert sum(ImageStat.Stat(left).mean) > sum(ImageStat.Stat(right).mean) + 60


@pytest.mark.parametrize("color", ["#000000", "#ffffff", "#2e6fe0", "#e08a2e"])
def test_one_colour_stays_that_colour(color: str) -> None:
    plain = Image.new("RGB", (32, 32), color)
    difference = ImageChops.difference(unfolded(thumb_hash(plain)), plain)
    assert max(high for _, high in difference.getextrema()) < 16


def test_a_hash_with_alpha_is_shown_without() -> None:
    # The one of the format's own page: a fruit before nothing.
    assert preview_of("2IqDBQQnxnj0JoLYdM3P8ahpuDeHiHdwZw==").pixels


@pytest.mark.parametrize("text", ["", "AA==", "====", "not base64!", "1QcSHQRnh493"])
def test_what_is_no_thumb_hash_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"ThumbHash|base64|padd|alphabet|data"):
        preview_of(text)


@given(st.binary(min_size=5, max_size=40))
def test_no_bytes_crash_it(data: bytes) -> None:
    try:
        preview = preview_of(base64.b64encode(data).decode())
    except ValueError:
        return
    assert len(preview.pixels) == 3 * preview.width * preview.height
