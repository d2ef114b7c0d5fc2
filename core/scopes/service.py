"""The scopes of a project: named doors of its public pages, and what each may spend."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from core.errors import FieldError, Invalid, NotFound
from core.ids import new_id
from core.listing import Listing, Window
from core.models import Scope
from core.scopes.ports import ScopeLibrary, ScopeRecord

_BUDGET = {"budget_micros": "budgetAmount", "budget_window": "budgetWindow"}


class Scopes:
    """What owners do with scopes. Every call names the project.

    A slug that is malformed, unknown or another project's is the same NotFound
    (SCOPE_NOT_FOUND). ``models`` are the names a scope may be limited to.
    """

    def __init__(self, library: ScopeLibrary, models: tuple[str, ...]) -> None:
        self._library = library
        self._models = models

    async def create(self, project_id: str, slug: str, given: Mapping[str, Any]) -> ScopeRecord:
        """A new scope; ``given`` are fields of Scope, the others have their defaults.

        Raises Invalid, ScopeAlreadyExists.
        """
        self._ensure_known(given)
        scope = _changed(Scope(new_id(), project_id, slug), given)
        return await self._library.insert(scope)

    async def listed(self, project_id: str, window: Window) -> Listing[ScopeRecord]:
        """Raises Invalid (cursor)."""
        return await self._library.listed(project_id, window)

    async def find(self, project_id: str, slug: str) -> ScopeRecord:
        """Raises NotFound."""
        return _existing(await self._library.find(project_id, slug))

    async def edit(self, project_id: str, slug: str, given: Mapping[str, Any]) -> ScopeRecord:
        """What is not ``given`` stays. Raises NotFound, Invalid, ScopeAlreadyExists."""
        self._ensure_known(given)
        change = _change(given)
        return _existing(await self._library.edit(project_id, slug, change))

    async def delete(self, project_id: str, slug: str) -> str:
        """For good; its pictures remain. The id it had. Raises NotFound."""
        scope_id = await self._library.delete(project_id, slug)
        if scope_id is None:
            raise NotFound("SCOPE")
        return scope_id

    def strange(self, models: tuple[str, ...]) -> list[FieldError]:
        """What is wrong with a list of allowed models."""
        wrong = [name for name in models if name not in self._models]
        if not wrong:
            return []
        # A bounded name: the comparison takes quadratic time.
        meant = get_close_matches(wrong[0][:100], self._models, n=1, cutoff=0.5)
        message = f"Use some of {', '.join(self._models)}."
        return [FieldError("allowedModels", "UNKNOWN_MODEL", message, next(iter(meant), None))]

    def _ensure_known(self, given: Mapping[str, Any]) -> None:
        problems = self.strange(given.get("allowed_models") or ())
        if problems:
            raise Invalid(fields=problems)


def half_budget(given: Mapping[str, Any]) -> list[FieldError]:
    """The half of a budget that is missing: amount and window make sense together only."""
    absent = [name for name in _BUDGET if given.get(name) is None]
    if len(absent) != 1:
        return []
    message = "A budget is budgetAmount and budgetWindow (hour, day or month): give both, or none."
    return [FieldError(_BUDGET[absent[0]], "FIELD_MISSING", message)]


def _change(given: Mapping[str, Any]) -> Callable[[Scope], Scope]:
    return lambda scope: _changed(scope, given)


def _changed(scope: Scope, given: Mapping[str, Any]) -> Scope:
    """Raises Invalid when half a budget would be left."""
    changes = dict(given)
    if any(name in given and given[name] is None for name in _BUDGET):
        # Null for one lifts the budget, unless the other says that there is one.
        changes = dict.fromkeys(_BUDGET) | changes
    changed = replace(scope, **changes)
    problems = half_budget({name: getattr(changed, name) for name in _BUDGET})
    if problems:
        raise Invalid(fields=problems)
    return changed


def _existing(record: ScopeRecord | None) -> ScopeRecord:
    if record is None:
        raise NotFound("SCOPE")
    return record
