"""What the tests of the Replicate generator ask for, and how patiently."""

from core.generators.replicate_generator import Pace
from core.models import Model, Recipe

TOKEN = "r8_a_secret_for_tests"
QUICK = Pace(call=2, connect=1, read=1, first_poll=0.01, longest_poll=0.02, patience=3)
MODEL = Model(
    name="black-forest-labs/flux-schnell",
    version="flux-schnell-1",
    generator="replicate",
    price_micros=3000,
    sizes={"1:1": (1024, 1024), "16:9": (1344, 768)},
    parameters={
        "prompt": "prompt",
        "ratio": "aspect_ratio",
        "seed": "seed",
        "fixed": {"num_outputs": 1},
    },
)
RECIPE = Recipe(prompt="a red lighthouse", ratio="16:9", seed=7, model=MODEL)
