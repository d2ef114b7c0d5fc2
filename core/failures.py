"""How a failed generation is shared by waiters and machines, and for how long it is remembered."""

from cache.errors import (
    CacheError,
    CoordinatorUnavailable,
    Draining,
    EntryCorrupt,
    FillFailed,
    FlightsFull,
    TierUnavailable,
)
from core.errors import (
    BudgetExhausted,
    Busy,
    ContentRefused,
    CoordinatorDown,
    EdgeError,
    GenerationTimeout,
    GeneratorBusy,
    GeneratorFailed,
    Gone,
    PictureUnsound,
    PolicyUnavailable,
    StoreDown,
)

# Seconds, and whether failures in a row double them: a sick provider is asked less and less often,
# a refused prompt stays refused, a full queue is worth another try at once.
_REMEMBERED: dict[type[EdgeError], tuple[float, bool]] = {
    GeneratorBusy: (5, False),
    PictureUnsound: (30, False),
    GeneratorFailed: (5, True),
    GenerationTimeout: (30, False),
    ContentRefused: (600, False),
    BudgetExhausted: (1, False),
    Busy: (0, False),
    # The tombstone is what is asked, by everybody.
    Gone: (0, False),
    PolicyUnavailable: (5, False),
    StoreDown: (1, False),
    EdgeError: (5, True),
}
_LONGEST_PAUSE = 60.0

_BY_CODE: dict[str, type[EdgeError]] = {
    kind.code: kind
    for kind in (
        EdgeError,
        GeneratorBusy,
        GeneratorFailed,
        GenerationTimeout,
        ContentRefused,
        BudgetExhausted,
        Busy,
        Gone,
        StoreDown,
        CoordinatorDown,
    )
}


def shared(error: EdgeError) -> FillFailed:
    """The error in the cache's terms."""
    seconds, doubling = next(
        _REMEMBERED[kind] for kind in type(error).__mro__ if kind in _REMEMBERED
    )
    if isinstance(error, GeneratorBusy | GeneratorFailed) and error.retry_after is not None:
        # The provider, or its adapter, knows better.
        seconds, doubling = min(error.retry_after, _LONGEST_PAUSE), False
    payload = {"code": error.code, "message": error.message}
    if error.retry_after is not None:
        payload["retryAfter"] = str(error.retry_after)
    return FillFailed(payload, remember=seconds, doubling=doubling)


def public(error: CacheError) -> EdgeError:
    """The cache's error as the caller may see it."""
    match error:
        case FillFailed():
            return _from_payload(error)
        case CoordinatorUnavailable():
            return CoordinatorDown(retry_after=5)
        case TierUnavailable() | EntryCorrupt():
            return StoreDown(retry_after=5)
        case FlightsFull():
            return Busy(retry_after=2)
        case Draining():
            return Busy(retry_after=1)
    return EdgeError()


def _from_payload(failure: FillFailed) -> EdgeError:
    kind = _BY_CODE.get(failure.payload.get("code", ""), EdgeError)
    told = failure.payload.get("retryAfter")
    pause = failure.remember
    # A pause shrinks while it lasts; a budget is empty for longer than its failure is remembered.
    if told and kind is not GeneratorBusy:
        pause = max(pause, float(told))
    return kind(failure.payload.get("message"), retry_after=pause or None)
