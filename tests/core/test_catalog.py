"""The model table, and what a name means with each generator."""

import tomllib
from pathlib import Path

import pytest

from core.catalog import Catalog, CatalogError, read_models
from core.errors import Invalid
from core.imaging.decode import ensure_shape
from core.ratio import RATIOS

TABLE = tomllib.loads((Path(__file__).parents[2] / "config" / "models.toml").read_text("utf-8"))
DEFAULT = "black-forest-labs/flux-schnell"


def catalog(generator: str = "replicate", default: str = DEFAULT) -> Catalog:
    models, painter = read_models(TABLE)
    return Catalog(models, painter, generator=generator, default=default)


def test_no_name_means_the_default():
    model = catalog().resolve(None)
    assert (model.name, model.price_micros, model.stand_in) == (DEFAULT, 3000, False)
    assert model.sizes["16:9"] == (1344, 768)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(Invalid) as caught:
        catalog().resolve("black-forest-labs/flux-schnel")
    (field,) = caught.value.fields
    assert (field.name, field.code, field.suggestion) == ("model", "UNKNOWN_MODEL", DEFAULT)


def test_a_name_like_nothing_has_no_suggestion():
    with pytest.raises(Invalid) as caught:
        catalog().resolve("q" * 100_000)
    assert caught.value.fields[0].suggestion is None


def test_with_the_painter_every_name_is_a_free_stand_in_of_another_identity():
    real, painted = catalog(), catalog("painter")
    assert set(painted.names) == set(real.names)
    for name in real.names:
        stand_in = painted.resolve(name)
        assert (stand_in.name, stand_in.generator) == (name, "painter")
        assert stand_in.stand_in
        assert stand_in.price_micros == 0
        assert stand_in.version != real.resolve(name).version


def test_a_generator_knows_only_its_own_rows():
    with pytest.raises(CatalogError, match="EDGE_MODEL"):
        catalog("openai")


def test_a_default_that_is_in_no_row_is_said_at_start():
    with pytest.raises(CatalogError, match="acme/unheard-of"):
        catalog(default="acme/unheard-of")


def test_every_size_in_the_table_has_its_ratio():
    models, painter = read_models(TABLE)
    for model in (*models.values(), painter):
        for ratio, size in model.sizes.items():
            ensure_shape(*size, ratio)
            assert 600_000 < size[0] * size[1] < 2_000_000


def test_the_default_and_the_painter_know_every_ratio():
    models, painter = read_models(TABLE)
    assert set(models[DEFAULT].sizes) == set(RATIOS)
    assert set(painter.sizes) == set(RATIOS)


def test_a_ratio_the_model_does_not_make_is_refused():
    model = catalog().resolve("recraft-ai/recraft-v3")
    with pytest.raises(Invalid) as caught:
        catalog().ensure_ratio(model, "21:9")
    assert caught.value.fields[0].code == "ASPECT_RATIO_UNSUPPORTED"
    catalog().ensure_ratio(model, "16:9")


@pytest.mark.parametrize(
    ("row", "hint"),
    [
        ({"generator": "replicate", "price": "1", "sizes": {"1:1": [8, 8]}}, "version"),
        (
            {"generator": "replicate", "version": "1", "price": 0.1, "sizes": {"1:1": [8, 8]}},
            "text",
        ),
        ({"generator": "x", "version": "1", "price": "-1", "sizes": {"1:1": [8, 8]}}, "price"),
        ({"generator": "x", "version": "1", "price": "1", "sizes": {"7:5": [7, 5]}}, "7:5"),
        ({"generator": "x", "version": "1", "price": "1", "sizes": {}}, "sizes"),
    ],
)
def test_a_bad_row_is_named_with_what_is_wrong(row, hint):
    with pytest.raises(CatalogError, match="acme/model") as caught:
        read_models({"models": {"acme/model": row}, "painter": TABLE["painter"]})
    assert hint in str(caught.value)
