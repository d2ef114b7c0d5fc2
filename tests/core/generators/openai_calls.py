"""What the tests of the endpoint share: a model's row, a recipe, and making its picture."""

import pytest

from core.errors import EdgeError
from core.generators.openai_generator import OpenaiGenerator
from core.models import Model, RawPicture, Recipe

KEY = "sk-a-secret-for-tests"
MODEL = Model(
    name="gpt-image-1",
    version="gpt-image-1-medium-1",
    generator="openai",
    price_micros=70_000,
    sizes={"1:1": (1024, 1024), "3:2": (1536, 1024)},
    parameters={
        "prompt": "prompt",
        "size": "size",
        "fixed": {"quality": "medium", "output_format": "png"},
    },
)
RECIPE = Recipe(prompt="a red lighthouse", ratio="3:2", seed=7, model=MODEL)


async def make(generator: OpenaiGenerator, recipe: Recipe = RECIPE) -> RawPicture:
    return await generator.finish(await generator.start(recipe), recipe)


async def failure(generator: OpenaiGenerator) -> EdgeError:
    with pytest.raises(EdgeError) as caught:
        await make(generator)
    return caught.value
