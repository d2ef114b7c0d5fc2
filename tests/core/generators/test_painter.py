"""The offline painter: the same recipe makes the same bytes, and a page can be built with them."""

import asyncio
import time
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from core.generators.painter import Painter
from core.generators.painting.caption import Caption
from core.generators.painting.dice import Dice
from core.generators.painting.idea import idea_of
from core.generators.painting.paint import paint
from core.imaging import prepare
from core.models import Model, Recipe

SIZES = {"1:1": (1024, 1024), "16:9": (1344, 768), "21:9": (1512, 648), "9:21": (648, 1512)}
MODEL = Model("any/model", "painter-1", "painter", 0, SIZES, stand_in=True)
RECIPE = Recipe(prompt="a red lighthouse at sunset", ratio="16:9", seed=7, model=MODEL)


def opened(body: bytes) -> Image.Image:
    with Image.open(BytesIO(body)) as image:
        image.load()
        return image


async def made(recipe: Recipe) -> bytes:
    painter = Painter()
    raw = await painter.finish(await painter.start(recipe), recipe)
    assert raw.cost_micros == 0
    return raw.body


async def test_the_same_recipe_makes_the_same_bytes():
    assert await made(RECIPE) == await made(RECIPE)


async def test_another_seed_or_prompt_makes_another_picture():
    pictures = {
        await made(recipe)
        for recipe in (
            RECIPE,
            replace(RECIPE, seed=8),
            replace(RECIPE, prompt="a red lighthouse at dawn"),
        )
    }
    assert len(pictures) == 3


@pytest.mark.parametrize("ratio", SIZES)
async def test_a_picture_is_sound_small_and_of_the_asked_size(ratio):
    body = await made(replace(RECIPE, ratio=ratio))
    assert len(body) < 900_000
    verified = prepare(body, ratio=ratio, generator="painter")
    assert (verified.width, verified.height) == SIZES[ratio]
    assert verified.mime_type == "image/png"


async def test_any_job_id_can_be_finished_and_cancelling_is_harmless():
    painter = Painter()
    await painter.cancel("whatever")
    raw = await painter.finish("another process started this", RECIPE)
    assert raw.body == await made(RECIPE)


async def test_painting_leaves_the_loop_free():
    painter = Painter(parallel=2)
    finishing = asyncio.gather(*(painter.finish("x", RECIPE) for _ in range(4)))
    longest, last = 0.0, time.perf_counter()
    while not finishing.done():
        await asyncio.sleep(0)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    assert len({raw.body for raw in await finishing}) == 1
    assert longest < 0.5


@pytest.mark.parametrize(
    ("prompt", "scene", "things", "color"),
    [
        ("a red lighthouse at night", ("night", None, "sea"), ("lighthouse",), "#c8453b"),
        ("Красный маяк на закате", ("sunset", None, "sea"), ("lighthouse",), "#c8453b"),
        ("зимний лес утром", ("dawn", "winter", "forest"), (), None),
        ("a rocket in space", (None, None, "space"), ("rocket",), None),
        ("жёлтый грузовик в городе", (None, None, "city"), ("car",), "#ecc44f"),
        ("autumn mountains", (None, "autumn", "mountain"), (), None),
        ("cactus in the desert", (None, None, "desert"), ("cactus",), None),
        ("кошка и собака в поле", (None, "summer", "meadow"), ("cat", "dog"), None),
        ("watercolor portrait of a bearded man", (None, None, None), (), None),
    ],
)
def test_words_become_a_scene(prompt, scene, things, color):
    idea = idea_of(prompt, Dice("1"))
    found = (idea.time, idea.season, idea.place)
    assert all(told in (None, seen) for told, seen in zip(scene, found, strict=True))
    assert (idea.things, idea.color) == (things, color)


def test_words_that_only_begin_alike_mean_nothing():
    calm = {idea_of(word, Dice("1")).place for word in ("pineapple", "sandwich", "watercolor")}
    assert calm == {idea_of("", Dice("1")).place}


@pytest.mark.parametrize(
    "prompt",
    [
        "space",
        "sea",
        "city",
        "mountain",
        "desert",
        "forest",
        "meadow",
        "lighthouse boat house",
        "balloon rocket cat",
        "fox dog bird",
        "car flower cactus",
        "tree pyramid",
        "",
        "🎈",
        "漢字",
        "a\u200db \u0301",
        "слово" * 300,
        "word " * 800,
    ],
)
def test_every_prompt_can_be_painted_in_every_shape(prompt):
    for size in ((256, 256), (378, 162), (162, 378)):
        assert opened(paint(prompt, 5, size)).size == size


def test_the_caption_is_at_most_two_lines_and_within_the_picture():
    short, long = Caption("a fox", 800, 600), Caption("a fox in the snow " * 50, 800, 600)
    unbroken = Caption("Ы" * 1000, 800, 600)
    assert 0 < short.height < long.height < 120
    for caption in (short, long, unbroken):
        picture = Image.new("RGB", (800, 600), "white")
        caption.write(picture)
        changed = ImageChops.difference(picture, Image.new("RGB", (800, 600), "white"))
        assert changed.getbbox() == (0, 600 - caption.height, 800, 600)
        # The margin to the right stays free of letters.
        strip = picture.crop((795, 600 - caption.height, 800, 600)).getcolors()
        assert strip is not None
        assert len(strip) == 1


def test_what_the_font_lacks_is_left_out_of_the_caption():
    def drawn(text: str) -> bytes:
        picture = Image.new("RGB", (600, 400), "white")
        Caption(text, 600, 400).write(picture)
        return picture.tobytes()

    assert drawn("маяк 漢字 \U0001f9ff и море\n") == drawn("маяк и море")
    assert Caption("漢字", 600, 400).height == 0


def test_the_dice_are_fair_enough_and_always_the_same():
    rolls = [Dice("key").roll() for _ in range(3)]
    assert len(set(rolls)) == 1
    dice = Dice("key")
    many = [dice.roll() for _ in range(2000)]
    assert 0.47 < sum(many) / 2000 < 0.53
    assert {dice.count(1, 3) for _ in range(100)} == {1, 2, 3}
