"""Money between people and programs: decimal dollars outside, whole micro-dollars inside."""

import re
from decimal import Decimal

# A thousand million dollars, in micro-dollars: more than anybody means, and far from overflowing.
MOST_MICROS = 10**15

_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,6})?")
_CENTS = Decimal("0.01")


def micros_of(amount: str | float) -> int:
    """``"1.00"`` or ``1`` as 1,000,000. Raises ValueError for what is no amount.

    A number counts as it was written: 0.1 is a tenth, although no binary fraction is.
    """
    text = amount if isinstance(amount, str) else f"{Decimal(repr(amount)):f}"
    if _AMOUNT.fullmatch(text) is None:
        raise ValueError("not an amount of money")
    micros = int(Decimal(text).scaleb(6))
    if micros > MOST_MICROS:
        raise ValueError("more money than there is")
    return micros


def dollars(micros: int) -> str:
    """Decimal text with at least the cents: ``"1.00"``, ``"0.003"``."""
    amount = Decimal(micros).scaleb(-6)
    cents = amount.quantize(_CENTS)
    return f"{cents if cents == amount else amount.normalize():f}"
