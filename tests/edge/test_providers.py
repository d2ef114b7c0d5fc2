"""Settings decide who makes pictures, who makes prompts fuller, and what a key may start."""

import pytest

from cache.rates import LocalRates
from config.loading import load
from core.errors import RateLimitExceeded
from core.models import Recipe
from core.spending.admission import KeyAdmission, Unlimited
from edge import providers
from edge.parts import admission_of, coordination
from tests.standins.replicate_picture import read_stamp, stamp_of


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "painter"),
        ({"REPLICATE_API_TOKEN": "t"}, "replicate"),
        ({"OPENAI_API_KEY": "k", "EDGE_MODEL": "gpt-image-1"}, "openai"),
        ({"OPENAI_API_KEY": "k", "REPLICATE_API_TOKEN": "t"}, "replicate"),
        ({"OPENAI_API_KEY": "k", "EDGE_GENERATOR": "painter"}, "painter"),
    ],
)
async def test_the_generator_is_the_first_with_a_credential(environment, name):
    async with providers.generator(load(environment)) as generator:
        assert generator.name == name


async def test_the_shipped_row_makes_a_picture(openai_standin):
    settings = load(
        {
            "OPENAI_API_KEY": "k",
            "OPENAI_BASE_URL": openai_standin.base_url,
            "EDGE_MODEL": "gpt-image-1",
        }
    )
    rows, _ = providers.models(settings)
    recipe = Recipe("a red lighthouse", "2:3", 7, rows["gpt-image-1"])
    async with providers.generator(settings) as generator:
        raw = await generator.finish(await generator.start(recipe), recipe)
    assert read_stamp(raw.body)[0] == stamp_of("a red lighthouse")
    assert raw.cost_micros == 70_000
    (asked,) = (await openai_standin.calls())["asked"]
    assert asked["body"] == {
        "model": "gpt-image-1",
        "prompt": "a red lighthouse",
        "n": 1,
        "size": "1024x1536",
        "quality": "medium",
        "output_format": "png",
        "background": "opaque",
    }


@pytest.mark.parametrize(
    ("environment", "version"),
    [
        ({}, "rules-1"),
        ({"EDGE__ENHANCER__NAME": "off"}, "off-1"),
        ({"EDGE__ENHANCER__NAME": "openai", "EDGE__ENHANCER__MODEL": "gpt"}, "llm-1:gpt"),
        ({"EDGE__ENHANCER__NAME": "replicate", "EDGE__ENHANCER__MODEL": "a/b"}, "llm-1:a/b"),
    ],
)
async def test_the_enhancer_is_the_one_that_is_named(environment, version):
    credentials = {"OPENAI_API_KEY": "k", "REPLICATE_API_TOKEN": "t", "EDGE_GENERATOR": "painter"}
    async with providers.enhancer(load(environment | credentials)) as enhancer:
        assert enhancer.version == version


async def test_a_key_may_start_what_the_rate_says():
    assert isinstance(admission_of(load({"EDGE_RATE_LIMIT": "0"}), LocalRates()), Unlimited)
    admission = admission_of(load({}), LocalRates())
    assert isinstance(admission, KeyAdmission)
    assert (await admission.state("ann")).limit == 100


async def test_processes_that_share_redis_share_the_rate(valkey, redis_prefix):
    settings = load(
        {
            "REDIS_URL": valkey.url,
            "EDGE__REDIS__PREFIX": redis_prefix,
            "EDGE_RATE_LIMIT": "2/hour",
        }
    )
    async with coordination(settings) as one, coordination(settings) as other:
        await admission_of(settings, one.rates).admit("ann")
        await admission_of(settings, other.rates).admit("ann")
        for fleet in (one, other):
            with pytest.raises(RateLimitExceeded) as caught:
                await admission_of(settings, fleet.rates).admit("ann")
            assert 1790 < caught.value.retry_after <= 1801
