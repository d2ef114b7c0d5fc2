"""Which models may be asked for, and what each name means with the configured generator."""

import difflib
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from core.errors import FieldError, Invalid
from core.models import Model
from core.ratio import RATIOS

PAINTER = "painter"
_MICROS = 1_000_000


class CatalogError(ValueError):
    """The model table, or what the settings ask of it, makes no sense; said at start."""


class Catalog:
    """The models behind one generator.

    ``models`` are the rows of the table, ``painter`` the row of the offline stand-in. With the
    generator ``painter`` every name stands for the painter, at no cost and under the painter's
    version, so that what it paints never answers for the real model. ``default`` is meant when
    no name is given. Raises CatalogError when the generator has no such model.
    """

    def __init__(
        self, models: Mapping[str, Model], painter: Model, *, generator: str, default: str
    ) -> None:
        if generator == PAINTER:
            self._known = {name: _stand_in(name, painter) for name in models}
        else:
            self._known = {
                name: model for name, model in models.items() if model.generator == generator
            }
        if default not in self._known:
            known = ", ".join(sorted(self._known)) or "none"
            raise CatalogError(
                f"EDGE_MODEL is {default!r}, but the model table has no such model for the "
                f"generator {generator!r} (it has: {known}). Set EDGE_MODEL to one of these, "
                "or add a row to config/models.toml."
            )
        self.default = self._known[default]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that resolves."""
        return tuple(self._known)

    def resolve(self, name: str | None) -> Model:
        """The model of that name, or the default. Raises Invalid with UNKNOWN_MODEL."""
        if name is None:
            return self.default
        model = self._known.get(name)
        if model is None:
            raise Invalid(fields=[self._unknown(name)])
        return model

    def ensure_ratio(self, model: Model, ratio: str) -> None:
        """Raises Invalid with ASPECT_RATIO_UNSUPPORTED when the model does not make this shape."""
        if ratio not in model.sizes:
            message = f"This model makes {', '.join(model.sizes)}."
            raise Invalid(fields=[FieldError("aspectRatio", "ASPECT_RATIO_UNSUPPORTED", message)])

    def _unknown(self, name: str) -> FieldError:
        # A bounded name: the comparison takes quadratic time.
        nearest = difflib.get_close_matches(name[:100], self._known, n=1, cutoff=0.5)
        return FieldError(
            "model",
            "UNKNOWN_MODEL",
            f"Use one of {', '.join(sorted(self._known))}.",
            suggestion=nearest[0] if nearest else None,
        )


def _stand_in(name: str, painter: Model) -> Model:
    return replace(painter, name=name, price_micros=0, stand_in=True)


def read_models(table: Mapping[str, Any]) -> tuple[dict[str, Model], Model]:
    """The rows of config/models.toml, parsed, as models; and the painter's row.

    Raises CatalogError that names the row and what is wrong with it.
    """
    models = {name: _model(name, row) for name, row in table.get("models", {}).items()}
    painter = _model(PAINTER, {"generator": PAINTER, "price": "0", **table.get(PAINTER, {})})
    return models, replace(painter, stand_in=True)


def _model(name: str, row: Mapping[str, Any]) -> Model:
    try:
        return Model(
            name=name,
            version=str(row["version"]),
            generator=str(row["generator"]),
            price_micros=_micros(row["price"]),
            sizes=_sizes(row["sizes"]),
            parameters={**row.get("input", {}), "fixed": dict(row.get("fixed", {}))},
        )
    except KeyError as error:
        raise CatalogError(f"The model {name!r} lacks {error.args[0]!r}.") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise CatalogError(f"The model {name!r}: {error}") from error


def _micros(price: object) -> int:
    if not isinstance(price, str):
        raise TypeError('the price must be text such as "0.003"')
    try:
        micros = Decimal(price) * _MICROS
    except InvalidOperation as error:
        raise ValueError(f"{price!r} is no price") from error
    if not micros.is_finite() or micros < 0 or micros != int(micros):
        raise ValueError(f"{price!r} is no price in whole millionths of a dollar")
    return int(micros)


def _sizes(sizes: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    read = {}
    for ratio, size in sizes.items():
        if ratio not in RATIOS:
            raise ValueError(f"{ratio!r} is none of the ratios {', '.join(RATIOS)}")
        width, height = size
        read[ratio] = (int(width), int(height))
    if not read:
        raise ValueError("it has no sizes")
    return read
