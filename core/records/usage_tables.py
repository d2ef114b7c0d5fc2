"""The table of use: how many stored pictures were served, by hour."""

from sqlalchemy import BigInteger, Column, ForeignKey, PrimaryKeyConstraint, Table, Text

from core.records.columns import UtcTime, metadata

# ``scope_id`` is "" for answers to keys and for stored images, which belong to no scope.
hit_counts = Table(
    "hit_counts",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("scope_id", Text, nullable=False),
    Column("hour_start", UtcTime, nullable=False),
    Column("hits", BigInteger, nullable=False),
    PrimaryKeyConstraint("project_id", "scope_id", "hour_start"),
)
