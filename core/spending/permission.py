"""Who may have a new picture made, on whose account, and within which limits."""

from dataclasses import dataclass

from core.errors import ContentRefused, Forbidden, SpendingNotAllowed
from core.models import LIVE_GENERATE, Model, Project, Scope
from core.ports import PromptPolicy
from core.spending.limits import Allowance, Budget
from core.spending.visitor import Visitor

# New pictures an hour for one address, where its scope names no number of its own.
PAID_PER_ADDRESS = 10
FREE_PER_ADDRESS = 600

_SWITCHED_OFF = "New pictures are switched off here. Stored ones answer."
_CLOSED = "This scope makes no new pictures. Stored ones answer."
_OTHER_ORIGIN = (
    "This picture does not exist yet, and this scope makes new ones for its own pages only. "
    "Use a signed URL or a key with live:generate."
)
_AUTOMATED = (
    "This picture does not exist yet, and crawlers, link previews and prefetches have none made. "
    "Use a signed URL or a key with live:generate."
)


@dataclass(frozen=True, slots=True)
class Account:
    """Who answers for a new picture.

    ``payer`` names them as a path: what concerns "scope:1" concerns "scope:1/key:2" as well.
    ``budgets`` are those of the scope. ``allowance`` is the address's, of those who proved nothing.
    """

    payer: str
    key_id: str | None
    scope_id: str | None
    budgets: tuple[Budget, ...]
    allowance: Allowance | None


class Spending:
    """The permission to spend, asked for what is not stored. ``enabled`` is the kill switch."""

    def __init__(self, *, enabled: bool, policy: PromptPolicy) -> None:
        self._enabled = enabled
        self._policy = policy

    def ensure_enabled(self) -> None:
        """Raises SpendingNotAllowed while the kill switch is thrown."""
        if not self._enabled:
            raise SpendingNotAllowed(_SWITCHED_OFF)

    async def ensure_welcome(self, project: Project, prompt: str) -> None:
        """Raises ContentRefused, PolicyUnavailable."""
        if not await self._policy.allows(project, prompt):
            raise ContentRefused

    def ensure_allowed(self, visitor: Visitor, model: Model) -> None:
        """Whether this visitor may have a picture made by this model, as far as it can be told
        without counting. Raises SpendingNotAllowed, Forbidden (the key may only read).
        """
        self.ensure_enabled()
        if visitor.scope is not None and not visitor.scope.allow_new_generations:
            raise SpendingNotAllowed(_CLOSED)
        if visitor.key is not None and LIVE_GENERATE not in visitor.key.scopes:
            raise Forbidden
        if not visitor.proven:
            _ensure_open(visitor, model)


def account_of(visitor: Visitor, model: Model) -> Account:
    """On whose account the visitor's picture is made."""
    scope, key = visitor.scope, visitor.key
    allowance = None
    if scope is not None and not visitor.proven:
        allowance = _allowance(scope, visitor.circumstances.address, model)
    payers = [
        *([] if scope is None else [_subject(scope)]),
        *([] if key is None else [f"key:{key.id}"]),
        *([] if allowance is None else [allowance.name]),
    ]
    return Account(
        payer="/".join(payers),
        key_id=None if key is None else key.id,
        scope_id=None if scope is None else scope.id,
        budgets=() if scope is None else scope_budgets(scope),
        allowance=allowance,
    )


def scope_budgets(scope: Scope) -> tuple[Budget, ...]:
    """What all new pictures through a scope count in, whoever asks: pictures ever, and money."""
    payer, limit = _subject(scope), scope.new_generations_limit
    pictures = Budget(pictures_subject(scope.id), "total", limit, "pictures", payer)
    if scope.budget_micros is None:
        return (pictures,)
    # An amount without a window would be one that never ends.
    window = scope.budget_window or "total"
    return (pictures, Budget(payer, window, scope.budget_micros, payer=payer))


def pictures_subject(scope_id: str) -> str:
    """Whose window ``total`` counts the pictures a scope has ever made."""
    return f"scope:{scope_id}:pictures"


def _ensure_open(visitor: Visitor, model: Model) -> None:
    scope, seen = visitor.scope, visitor.circumstances
    if scope is None or not _open_to_all(scope, model):
        raise SpendingNotAllowed
    if scope.allowed_origins and seen.origin not in scope.allowed_origins:
        raise SpendingNotAllowed(_OTHER_ORIGIN)
    if seen.automated:
        raise SpendingNotAllowed(_AUTOMATED)


def _open_to_all(scope: Scope, model: Model) -> bool:
    """Whether strangers may have pictures made through this scope."""
    if scope.require_signature == "auto":
        return model.price_micros == 0
    return scope.require_signature == "false"


def _allowance(scope: Scope, address: str, model: Model) -> Allowance:
    per_hour = scope.per_address_limit
    if per_hour is None:
        per_hour = PAID_PER_ADDRESS if model.price_micros > 0 else FREE_PER_ADDRESS
    return Allowance(f"address:{scope.id}:{address}", per_hour)


def _subject(scope: Scope) -> str:
    return f"scope:{scope.id}"
