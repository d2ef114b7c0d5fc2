"""Amounts as people write them, and as they are kept."""

import pytest

from core.spending.money import MOST_MICROS, dollars, micros_of


@pytest.mark.parametrize(
    ("amount", "micros"),
    [
        ("1.00", 1_000_000),
        ("0", 0),
        ("0.003", 3000),
        ("0.000001", 1),
        ("0010", 10_000_000),
        (1, 1_000_000),
        (0.1, 100_000),
        (1e-6, 1),
        (2.5e3, 2_500_000_000),
        ("1000000000", MOST_MICROS),
    ],
)
def test_an_amount_is_exact(amount: str | float, micros: int) -> None:
    assert micros_of(amount) == micros


@pytest.mark.parametrize(
    "amount",
    [
        *("", "-1", "+1", "1.", ".5", "1,00", "1e3", "0.0000001", "1000000000.000001", "$1"),
        *("99999999999", " 1", "1\n", "٣", "nan"),
        *(-1, 1e-7, 1e10, float("inf"), float("nan")),
    ],
)
def test_what_is_no_amount_is_refused(amount: str | float) -> None:
    with pytest.raises(ValueError, match="money"):
        micros_of(amount)


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "0.00"), (1_000_000, "1.00"), (500_000, "0.50"), (3000, "0.003"), (1, "0.000001")],
)
def test_dollars_show_at_least_their_cents(micros: int, text: str) -> None:
    assert dollars(micros) == text
    assert micros_of(text) == micros
