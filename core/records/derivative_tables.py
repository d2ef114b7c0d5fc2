"""The table of derivatives: which sizes and formats of a master stand in the store."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text

from core.records.columns import UtcTime, metadata

# Written before the bytes are, so that whatever stands in the store is on record: it is what a
# purge deletes by, and what storage is counted by. ``used_at`` moves about once a day.
derivatives = Table(
    "derivatives",
    metadata,
    Column("slot", Text, primary_key=True),
    Column("identity", Text, nullable=False),
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("master_slot", Text, nullable=False),
    Column("master_identity", Text, nullable=False),
    Column("file_size", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("used_at", UtcTime, nullable=False),
    CheckConstraint("file_size >= 0", name="file_size"),
    Index(None, "project_id", "master_slot"),
    Index(None, "used_at"),
)
