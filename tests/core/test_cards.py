"""Cards are small decodable pictures of the asked shape."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops

from core.cards import Cards, color_of, error_card, preview_card, waiting_card
from core.ratio import RATIOS

# Light above, dark below, a little red at the left.
HASH = "4BcKFgJ7h0h1iEdyiaF3hveGdiBaWOA="


def opened(body: bytes) -> Image.Image:
    with Image.open(BytesIO(body)) as image:
        assert image.format == "PNG"
        image.load()
        return image


@pytest.mark.parametrize("ratio", RATIOS)
def test_every_card_has_the_asked_shape_and_is_small(ratio):
    across, down = (int(term) for term in ratio.split(":"))
    for body in (error_card(ratio, "COORDINATOR_UNAVAILABLE"), waiting_card(ratio, "#88aacc")):
        image = opened(body)
        assert max(image.size) == 512
        assert image.width / image.height == pytest.approx(across / down, rel=0.01)
        assert len(body) < 16_000


@pytest.mark.parametrize("ratio", [*RATIOS, "1:3", "4000:1"])
def test_a_preview_has_the_asked_shape_whatever_the_shape_of_the_picture(ratio):
    across, down = (int(term) for term in ratio.split(":"))
    body = preview_card(ratio, HASH)
    image = opened(body)
    assert max(image.size) == 512
    assert abs(image.width * down - image.height * across) <= max(across, down)
    assert len(body) < 48_000


def test_a_preview_is_no_flat_field():
    lowest, highest = opened(preview_card("1:1", HASH)).convert("L").getextrema()
    assert highest - lowest > 40


@pytest.mark.parametrize("ratio", ["", "17", "a:b", "0:9", "-1:1", "16:9:1", "²:1"])
def test_an_impossible_ratio_makes_a_square(ratio):
    assert opened(error_card(ratio, "VALIDATION_ERROR")).size == (512, 512)


def test_different_codes_are_different_cards():
    first, second = (opened(error_card("16:9", code)).convert("RGB") for code in ("BUSY", "GONE"))
    assert ImageChops.difference(first, second).getbbox() is not None


@pytest.mark.parametrize("ratio", ["1:1", "21:9", "9:21"])
def test_the_longest_code_fits_on_the_card(ratio):
    image = opened(error_card(ratio, "COORDINATOR_UNAVAILABLE")).convert("L")
    margin = min(image.size) // 20
    inner = image.crop((margin, margin, image.width - margin, image.height - margin))
    frame = Image.new("L", inner.size, inner.getpixel((0, 0)))
    box = ImageChops.difference(inner, frame).getbbox()
    assert box is not None
    assert 0 < box[0] < box[2] < inner.width


def test_a_colour_field_begins_with_its_colour():
    corner = opened(waiting_card("16:9", "#88aacc")).convert("RGB").getpixel((0, 0))
    assert all(abs(seen - told) < 12 for seen, told in zip(corner, (0x88, 0xAA, 0xCC), strict=True))


def test_a_text_has_one_colour_and_other_texts_others():
    colors = {color_of(f"prompt {number}") for number in range(200)}
    assert len(colors) > 150
    assert color_of("маяк") == color_of("маяк")
    assert all(len(color) == 7 and int(color[1:], 16) >= 0 for color in colors)


def test_a_herd_of_errors_costs_one_drawing():
    cards = Cards(capacity=2)
    first = cards.error("16:9", "BUSY")
    assert cards.error("16:9", "BUSY") is first
    cards.error("1:1", "BUSY")
    cards.error("4:3", "BUSY")
    again = cards.error("16:9", "BUSY")
    assert again == first
    assert again is not first


def test_waiting_cards_are_kept_too():
    cards = Cards()
    assert cards.waiting("1:1", "#112233") is cards.waiting("1:1", "#112233")
