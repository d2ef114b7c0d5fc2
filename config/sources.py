"""Where raw settings come from, layer over layer, each value with the name it came under."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.mistakes import Mistake, unknown
from config.models import shipped_models
from config.variables import CONFIG_FILE, FILE_SUFFIX, PREFIX, SECRETS, WELL_KNOWN, Place

# Platforms inject EDGE_SERVICE_PORT and the like; only what is nearly one of our names is a typo.
_NEARLY = 0.85


@dataclass(frozen=True, slots=True)
class Raw:
    """A value as it was written, and what to call it in a sentence."""

    value: object
    source: str


@dataclass(slots=True)
class Layers:
    """The settings as far as they were read; a later layer covers an earlier one."""

    values: dict[Place, Raw]
    models: list[tuple[str, object]] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def set(self, place: Place, value: object, source: str) -> None:
        self.values[place] = Raw(value, source)

    def blame(self, sentence: str, *concerns: Place) -> None:
        self.mistakes.append(Mistake(sentence, frozenset(concerns)))


def read_layers(environment: Mapping[str, str], folder: Path) -> Layers:
    """defaults < the file of EDGE_CONFIG < EDGE__SECTION__NAME < the well-known names."""
    defaults = tomllib.loads((folder / "default.toml").read_text("utf-8"))
    layers = Layers(
        {place: Raw(value, str(place)) for place, value in _flat(defaults)},
    )
    layers.models.append(("config/models.toml", shipped_models(folder / "models.toml")))
    _read_file(layers, environment)
    _read_long_names(layers, environment)
    _read_well_known_names(layers, environment)
    _find_typing_errors(layers, environment)
    return layers


def _flat(sections: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[Place, object]]:
    for section, keys in sections.items():
        for key, value in keys.items():
            yield Place(section, key), value


def _read_file(layers: Layers, environment: Mapping[str, str]) -> None:
    path = environment.get(CONFIG_FILE, "")
    if not path:
        return
    try:
        content = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        layers.blame(f"{CONFIG_FILE}: {path} cannot be read ({error.strerror}).")
        return
    except ValueError as error:
        layers.blame(f"{CONFIG_FILE}: {path} is not valid TOML ({error}).")
        return
    layers.models.append((path, content.pop("models", {})))
    for section, keys in content.items():
        _read_section(layers, path, section, keys)


def _read_section(layers: Layers, path: str, section: str, keys: object) -> None:
    known = {place.section for place in layers.values} | {"models"}
    if section not in known or not isinstance(keys, dict):
        layers.mistakes.append(unknown(f"{path}: [{section}]", section, known))
        return
    for key, value in keys.items():
        place = Place(section, key)
        if place in layers.values:
            layers.set(place, value, f"{path}: {place}")
        else:
            layers.mistakes.append(unknown(f"{path}: {place}", str(place), map(str, layers.values)))


def _read_long_names(layers: Layers, environment: Mapping[str, str]) -> None:
    places = {place.long_name: place for place in layers.values}
    files = {place.long_name + FILE_SUFFIX for place in SECRETS}
    for name in sorted(environment):
        if name in places:
            layers.set(places[name], environment[name], name)
        elif name.startswith(PREFIX) and name not in files:
            layers.mistakes.append(unknown(name, name, places))
    for place in SECRETS:
        _read_secret_file(layers, environment, place.long_name, place)


def _read_well_known_names(layers: Layers, environment: Mapping[str, str]) -> None:
    taken: dict[Place, str] = {}
    for name, place in WELL_KNOWN.items():
        if place in SECRETS:
            _read_secret_file(layers, environment, name, place)
        # Compose files pass unset variables on as empty ones.
        value = environment.get(name, "")
        if not value.strip():
            continue
        first = taken.setdefault(place, name)
        if environment[first] != value:
            layers.blame(f"{name}: set beside {first}, to something else; keep one of them.", place)
        layers.set(place, environment[first], first)


def _read_secret_file(
    layers: Layers, environment: Mapping[str, str], name: str, place: Place
) -> None:
    path = environment.get(name + FILE_SUFFIX, "")
    if not path:
        return
    if environment.get(name, "").strip():
        layers.blame(f"{name}: set beside {name}{FILE_SUFFIX}; keep one of them.", place)
        return
    try:
        secret = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        layers.blame(f"{name}{FILE_SUFFIX}: {path} cannot be read ({reason}).", place)
        return
    if not secret:
        layers.blame(f"{name}{FILE_SUFFIX}: {path} is empty; write the secret into it.", place)
    layers.set(place, secret, name + FILE_SUFFIX)


def _find_typing_errors(layers: Layers, environment: Mapping[str, str]) -> None:
    files = {name + FILE_SUFFIX for name, place in WELL_KNOWN.items() if place in SECRETS}
    known = {CONFIG_FILE, *WELL_KNOWN, *files}
    for name in sorted(environment):
        if not name.startswith("EDGE_") or name.startswith(PREFIX) or name in known:
            continue
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=_NEARLY)
        if nearest:
            layers.blame(f"{name}: there is no such setting; did you mean {nearest[0]}?")
