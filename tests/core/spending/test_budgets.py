"""Windows of time: where they begin and end."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.spending.budgets import Recurring, seconds_left, window_end, window_start

WINDOWS = st.sampled_from(["hour", "day", "month"])
MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=13)), timezone(timedelta(hours=-9))]),
)


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        ("hour", datetime(2028, 2, 29, 23, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        ("day", datetime(2028, 2, 29, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        ("month", datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
    ],
)
def test_a_leap_day_belongs_to_its_windows(
    window: Recurring, start: datetime, end: datetime
) -> None:
    moment = datetime(2028, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
    assert (window_start(window, moment), window_end(window, moment)) == (start, end)


def test_windows_are_those_of_utc() -> None:
    moment = datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert window_start("month", moment) == datetime(2026, 2, 1, tzinfo=UTC)


@given(WINDOWS, MOMENTS)
def test_windows_follow_each_other_without_a_gap(window: Recurring, moment: datetime) -> None:
    start, end = window_start(window, moment), window_end(window, moment)
    assert start <= moment < end
    assert window_start(window, end) == end
    assert window_start(window, start) == start
    assert 0 < seconds_left(window, moment) <= (end - start).total_seconds()


@given(MOMENTS)
def test_a_total_began_with_the_epoch_and_never_ends(moment: datetime) -> None:
    assert window_start("total", moment) == datetime(1970, 1, 1, tzinfo=UTC)
    assert seconds_left("total", moment) is None
