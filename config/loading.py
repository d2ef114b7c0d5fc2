"""Loads the settings, and is the only reader and writer of the process environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.checks import cross_check
from config.mistakes import Mistake, SettingsError
from config.models import PAINTER, ModelRow, read_models
from config.settings import Settings
from config.sources import Layers, Raw, read_layers
from config.variables import SECRETS, Place

_FOLDER = Path(__file__).parent


def load_environment() -> Settings:
    """The settings of this process. Raises SettingsError."""
    return load(os.environ)


def export(name: str, value: str) -> None:
    """Set a variable for libraries and child processes that read nothing else."""
    os.environ[name] = value


def load(environment: Mapping[str, str]) -> Settings:
    """The settings that this environment comes to.

    Raises SettingsError with every mistake at once: unknown names, wrong formats, broken rules.
    """
    defaults = read_layers({}, _FOLDER)
    layers = read_layers(environment, _FOLDER)
    models, mistakes = read_models(layers.models)
    mistakes = layers.mistakes + mistakes
    settings, wrong = _validate(layers, models)
    if settings is None:
        mistakes += wrong
        # With defaults in the place of what is wrong the other rules can still be looked at.
        bad = frozenset().union(*(mistake.concerns for mistake in mistakes))
        for place in bad:
            layers.values[place] = defaults.values[place]
        settings, _ = _validate(layers, models)
    if settings is not None:
        bad = frozenset().union(*(mistake.concerns for mistake in mistakes))
        mistakes += [each for each in cross_check(settings) if not each.concerns & bad]
    if mistakes or settings is None:
        raise SettingsError([mistake.sentence for mistake in mistakes])
    return settings


def _validate(
    layers: Layers, models: Mapping[str, ModelRow]
) -> tuple[Settings | None, list[Mistake]]:
    others = {name: row for name, row in models.items() if name != PAINTER}
    tree: dict[str, Any] = {"models": others, "painter": models.get(PAINTER)}
    for place, raw in layers.values.items():
        tree.setdefault(place.section, {})[place.key] = raw.value
    try:
        return Settings.model_validate(tree), []
    except ValidationError as error:
        return None, [
            _mistake(Place(*map(str, each["loc"][:2])), layers.values, each)
            for each in error.errors(include_url=False, include_input=False)
        ]


def _mistake(place: Place, values: Mapping[Place, Raw], error: Mapping[str, Any]) -> Mistake:
    raw = values[place]
    shown = "the value" if place in SECRETS else f'"{raw.value}"'
    expected = error.get("ctx", {}).get("error", error["msg"])
    return Mistake(f"{raw.source}: {shown} is wrong; expected {expected}.", frozenset({place}))
