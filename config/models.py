"""The model table: what each model costs, which sizes it makes and how its input is called."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, field_validator

from config import formats
from config.mistakes import Mistake

PAINTER = "painter"
# The ratios a request may ask for.
RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "5:4", "4:5", "21:9", "9:21")


class ModelRow(BaseModel):
    """One model of one generator. ``price`` is in micro-dollars per picture.

    ``version`` is part of every picture's identity: change it whenever the same recipe would look
    different. ``sizes`` maps a ratio to (width, height) in pixels. ``input`` says how the model
    wants ratio, seed and format, ``fixed`` what it is always sent; only its generator reads them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str
    generator: str
    version: str
    price: Annotated[int, BeforeValidator(formats.money)]
    sizes: Mapping[str, tuple[int, int]]
    input: Mapping[str, str] = {}
    fixed: Mapping[str, Any] = {}

    @field_validator("sizes")
    @classmethod
    def _known_ratios(cls, sizes: Mapping[str, tuple[int, int]]) -> Mapping[str, tuple[int, int]]:
        if not sizes or not set(sizes) <= set(RATIOS) or min(map(min, sizes.values())) < 1:
            raise ValueError(f"[width, height] for some of {', '.join(RATIOS)}")
        return sizes


def shipped_models(path: Path) -> dict[str, Any]:
    """The tables of config/models.toml, the painter's among them under its own name."""
    content = tomllib.loads(path.read_text("utf-8"))
    models: dict[str, Any] = content["models"]
    return models | {PAINTER: {"generator": PAINTER, "price": "0"} | content[PAINTER]}


def read_models(
    sources: Iterable[tuple[str, object]],
) -> tuple[dict[str, ModelRow], list[Mistake]]:
    """The rows of all sources by name, and what is wrong with the rest.

    A later table needs only what differs from an earlier one of the same name.
    """
    rows: dict[str, ModelRow] = {}
    mistakes: list[Mistake] = []
    known: dict[str, dict[str, Any]] = {}
    for source, models in sources:
        if not isinstance(models, dict):
            mistakes.append(Mistake(f'{source}: expected tables such as [models."owner/name"].'))
            continue
        for name, table in models.items():
            whole = known.get(name, {}) | table if isinstance(table, dict) else table
            row, wrong = _read_row(source, name, whole)
            mistakes.extend(wrong)
            if row is not None:
                rows[name] = row
                known[name] = whole
    return rows, mistakes


def _read_row(source: str, name: str, table: object) -> tuple[ModelRow | None, list[Mistake]]:
    if not isinstance(table, dict):
        return None, [Mistake(f'{source}: models."{name}": expected a table.')]
    try:
        return ModelRow.model_validate({"name": name} | table), []
    except ValidationError as error:
        return None, [
            Mistake(f'{source}: models."{name}".{_path(each["loc"])}: {_reason(each)}.')
            for each in error.errors(include_url=False, include_input=False)
        ]


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))


def _reason(error: Mapping[str, Any]) -> str:
    expected = error.get("ctx", {}).get("error")
    return f"expected {expected}" if expected else str(error["msg"])
