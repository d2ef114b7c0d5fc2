"""The tables of money: the ledger, and the windows budgets are counted in."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from core.records.columns import Json, UtcTime, metadata, one_of

# An account is one attempt at a generation. ``taken`` lists the windows the reservation counts in:
# [[subject, window, start, unit], …], the start in microseconds; without a unit it is money. No
# foreign key to generations: the money is reserved before they begin.
ledger = Table(
    "ledger",
    metadata,
    Column("account", Text, primary_key=True),
    Column("generation_id", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("reserved_micros", BigInteger, nullable=False),
    Column("settled_micros", BigInteger),
    Column("duplicate", Boolean, nullable=False),
    Column("taken", Json, nullable=False),
    Column("reserved_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    one_of("state", ("reserved", "settled", "refunded")),
    CheckConstraint("reserved_micros >= 0", name="reserved_micros"),
    CheckConstraint("settled_micros >= 0", name="settled_micros"),
    Index(None, "state", "reserved_at"),
    Index(None, "project_id", "reserved_at"),
    Index(None, "project_id", "generation_id"),
)

budget_windows = Table(
    "budget_windows",
    metadata,
    Column("subject", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("window_start", UtcTime, nullable=False),
    # Micro-dollars, or pictures where the subject counts those.
    Column("taken", BigInteger, nullable=False),
    PrimaryKeyConstraint("subject", "period", "window_start"),
    # "window" is a reserved word of SQL. "total" never ends: its start is the epoch.
    one_of("period", ("hour", "day", "month", "total")),
    CheckConstraint("taken >= 0", name="taken"),
)
