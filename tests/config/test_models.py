"""The model table, the shipped one and what an operator adds."""

import pytest

from config.loading import load
from config.mistakes import SettingsError
from config.models import RATIOS as TABLE_RATIOS
from core.ratio import RATIOS

ROW = """
[models."me/mine"]
generator = "replicate"
version = "mine-1"
price = "0.01"
sizes = {"1:1" = [512, 512]}
input = {prompt = "text"}
"""


def load_with(tmp_path, text, **environment):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    return load({"EDGE_CONFIG": str(file), **environment})


def refusal(tmp_path, text):
    with pytest.raises(SettingsError) as raised:
        load_with(tmp_path, text)
    return str(raised.value)


def test_the_ratios_are_those_of_a_request():
    assert set(TABLE_RATIOS) == set(RATIOS)


def test_the_shipped_table_is_sound():
    settings = load({})
    schnell = settings.models["black-forest-labs/flux-schnell"]
    assert schnell.price == 3000
    assert schnell.sizes["16:9"] == (1344, 768)
    square_and_classic = {"1:1": (1024, 1024), "3:2": (1536, 1024), "2:3": (1024, 1536)}
    assert settings.models["gpt-image-1"].sizes == square_and_classic
    assert settings.painter.price == 0
    assert set(settings.painter.sizes) == set(RATIOS)
    assert "painter" not in settings.models


def test_an_operator_adds_a_model_and_uses_it(tmp_path):
    settings = load_with(tmp_path, ROW, EDGE_MODEL="me/mine", REPLICATE_API_TOKEN="t")
    mine = settings.models["me/mine"]
    assert (mine.price, mine.sizes, mine.input) == (10_000, {"1:1": (512, 512)}, {"prompt": "text"})
    assert settings.default_model == "me/mine"


def test_a_table_of_a_known_name_changes_only_what_it_says(tmp_path):
    known = load({}).models["black-forest-labs/flux-schnell"]
    text = '[models."black-forest-labs/flux-schnell"]\nprice = "0.5"\n'
    changed = load_with(tmp_path, text).models["black-forest-labs/flux-schnell"]
    assert changed.price == 500_000
    assert (changed.version, changed.sizes) == (known.version, known.sizes)


@pytest.mark.parametrize(
    ("before", "after", "blamed"),
    [
        ('price = "0.01"', 'price = "cheap"', "price: expected an amount"),
        ('price = "0.01"', "", "price: Field required"),
        ('"1:1" = [512, 512]', '"7:5" = [512, 512]', "sizes: expected [width, height]"),
        ('"1:1" = [512, 512]', '"1:1" = [0, 512]', "sizes: expected [width, height]"),
        ('version = "mine-1"', 'version = "mine-1"\nprise = 1', "prise: Extra inputs"),
    ],
)
def test_a_wrong_row_is_told_with_its_name_and_field(tmp_path, before, after, blamed):
    assert f'models."me/mine".{blamed}' in refusal(tmp_path, ROW.replace(before, after))


def test_models_that_are_no_tables_are_told(tmp_path):
    assert "expected tables" in refusal(tmp_path, "models = 3\n")
    assert "expected a table" in refusal(tmp_path, "[models]\nmine = 3\n")


def test_a_model_of_another_generator_cannot_be_the_default(tmp_path):
    text = ROW.replace('generator = "replicate"', 'generator = "openai"')
    with pytest.raises(SettingsError, match='EDGE_MODEL: the table has no model "me/mine"'):
        load_with(tmp_path, text, EDGE_MODEL="me/mine", REPLICATE_API_TOKEN="t")
