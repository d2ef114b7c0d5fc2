"""The windows in which budgets are counted: hours, days and months of UTC, and all of time."""

from datetime import UTC, datetime, timedelta
from typing import Literal

Recurring = Literal["hour", "day", "month"]
Window = Literal["hour", "day", "month", "total"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def window_start(window: Window, moment: datetime) -> datetime:
    """The beginning of the window that holds ``moment``, in UTC; ``total`` began with the epoch."""
    if window == "total":
        return _EPOCH
    start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if window == "hour":
        return start
    start = start.replace(hour=0)
    return start if window == "day" else start.replace(day=1)


def window_end(window: Recurring, moment: datetime) -> datetime:
    """The first moment after the window that holds ``moment``."""
    start = window_start(window, moment)
    if window == "hour":
        return start + timedelta(hours=1)
    if window == "day":
        return start + timedelta(days=1)
    # No month has more than 31 days, so this lands somewhere in the next one.
    return (start + timedelta(days=32)).replace(day=1)


def seconds_left(window: Window, moment: datetime) -> float | None:
    """How long from ``moment`` until the window ends and the budget is whole again; None: never."""
    if window == "total":
        return None
    return (window_end(window, moment) - moment).total_seconds()
