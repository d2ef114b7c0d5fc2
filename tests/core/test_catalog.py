"""The model table, and what a name means with each generator."""

from pathlib import Path

import pytest

from config.models import ModelRow, shipped_models
from core.catalog import Catalog, CatalogError
from core.errors import Invalid
from core.imaging.decode import ensure_shape
from core.models import Model
from core.ratio import RATIOS

TABLE = Path(__file__).parents[2] / "config" / "models.toml"
DEFAULT = "black-forest-labs/flux-schnell"


def shipped() -> tuple[dict[str, Model], Model]:
    rows = {
        name: ModelRow.model_validate({"name": name, **row})
        for name, row in shipped_models(TABLE).items()
    }
    models = {
        name: Model(name, row.version, row.generator, row.price, row.sizes, row.input)
        for name, row in rows.items()
    }
    return models, models.pop("painter")


def catalog(generator: str = "replicate", default: str = DEFAULT) -> Catalog:
    models, painter = shipped()
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
    others = catalog("openai", "gpt-image-1")
    assert set(painted.names) == {*real.names, *others.names}
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
    models, painter = shipped()
    for model in (*models.values(), painter):
        for ratio, size in model.sizes.items():
            ensure_shape(*size, ratio)
            assert 600_000 < size[0] * size[1] < 2_000_000


def test_the_default_and_the_painter_know_every_ratio():
    models, painter = shipped()
    assert set(models[DEFAULT].sizes) == set(RATIOS)
    assert set(painter.sizes) == set(RATIOS)
