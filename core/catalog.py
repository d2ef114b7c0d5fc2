"""Which models may be asked for, and what each name means with the configured generator."""

import difflib
from collections.abc import Mapping
from dataclasses import replace

from core.errors import FieldError, Invalid
from core.models import Model

PAINTER = "painter"


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
