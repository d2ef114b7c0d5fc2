"""The windows in which budgets are counted: hours, days and months of UTC."""

from datetime import UTC, datetime, timedelta
from typing import Literal

Window = Literal["hour", "day", "month"]


def window_start(window: Window, moment: datetime) -> datetime:
    """The beginning of the window that holds ``moment``, in UTC."""
    start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if window == "hour":
        return start
    start = start.replace(hour=0)
    return start if window == "day" else start.replace(day=1)


def window_end(window: Window, moment: datetime) -> datetime:
    """The first moment after the window that holds ``moment``."""
    start = window_start(window, moment)
    if window == "hour":
        return start + timedelta(hours=1)
    if window == "day":
        return start + timedelta(days=1)
    # No month has more than 31 days, so this lands somewhere in the next one.
    return (start + timedelta(days=32)).replace(day=1)


def seconds_left(window: Window, moment: datetime) -> float:
    """How long from ``moment`` until the window ends and the budget is whole again."""
    return (window_end(window, moment) - moment).total_seconds()
