"""default.toml, the types and docs/settings.md tell the same story."""

import tomllib
from pathlib import Path

from config.reference import documented_settings, settings_page
from config.settings import Section, Settings
from config.variables import SECRETS, WELL_KNOWN, Place

ROOT = Path(__file__).parents[2]
DEFAULTS = (ROOT / "config" / "default.toml").read_text("utf-8")


def typed_places():
    for section, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from (Place(section, key) for key in field.annotation.model_fields)


def test_every_default_is_a_setting_and_every_setting_has_a_default():
    tables = tomllib.loads(DEFAULTS)
    written = [Place(section, key) for section, keys in tables.items() for key in keys]
    assert written == list(typed_places())


def test_no_type_hides_a_default_of_its_own():
    for section, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            for key, inner in field.annotation.model_fields.items():
                assert inner.is_required(), f"{section}.{key}"


def test_every_setting_says_why():
    documented = documented_settings(DEFAULTS)
    assert [setting.place for setting in documented] == list(typed_places())
    for setting in documented:
        assert len(setting.reason) > 20, setting.place
        assert setting.reason.endswith("."), setting.place


def test_every_well_known_name_is_a_setting():
    assert set(WELL_KNOWN.values()) <= set(typed_places())


def test_every_secret_is_a_setting():
    assert set(typed_places()) >= SECRETS


def test_the_page_is_up_to_date():
    written = (ROOT / "docs" / "settings.md").read_text("utf-8")
    hint = "run: .venv/bin/python -m config.reference > docs/settings.md"
    assert written == settings_page(DEFAULTS).rstrip() + "\n", hint
