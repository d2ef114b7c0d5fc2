"""The tables of take-downs: the journal of purges, tombstones, and what CDNs were told."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from core.records.columns import Json, UtcTime, metadata, one_of

# One row, whose lock puts all purges in one order: a number is visible before any later one is.
purge_clock = Table(
    "purge_clock",
    metadata,
    Column("name", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# Every process reads on from the last number it knows and drops these slots from its memory; a
# flight that began before a purge of its picture keeps nothing. ``slots`` are [slot, identity,
# gone] of masters: only of those that are gone the store's copy goes, too. A row has ended when
# every tier has dropped them; until then whoever finds it carries it out.
purges = Table(
    "purges",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("whole_project", Boolean, nullable=False),
    Column("scope_id", Text),
    Column("slots", Json, nullable=False),
    Column("tombstone", Boolean, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Index(None, "project_id", "number"),
    Index(None, "made_at"),
    Index(
        "ix_purges_open",
        "made_at",
        postgresql_where=text("ended_at IS NULL"),
        sqlite_where=text("ended_at IS NULL"),
    ),
)

# What must not come back. ``image_id`` is the picture that was taken down, if there was one.
tombstones = Table(
    "tombstones",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("identity", Text, nullable=False),
    Column("image_id", Text),
    Column("created_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("project_id", "identity"),
    Index(None, "project_id", "image_id"),
)

# What the webhook for CDNs was sent, or will be: kept until it was taken or given up. ``told`` is
# how many of the tags the CDN has taken so far, ``turn`` whether it is told first or once more.
purge_deliveries = Table(
    "purge_deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("purge_number", BigInteger, ForeignKey("purges.number"), nullable=False),
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("tags", Json, nullable=False),
    Column("told", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_status", Integer),
    Column("next_at", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    one_of("state", ("pending", "delivered", "failed")),
    Index(None, "state", "next_at"),
    Index(None, "project_id", "purge_number"),
)
