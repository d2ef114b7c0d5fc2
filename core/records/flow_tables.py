"""The tables around generations: flows, their aliases, references, history, kept answers."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from core.records.columns import Json, UtcTime, metadata, one_of

# The id is the client's, so it is one only within its project.
flows = Table(
    "flows",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("id", Text, nullable=False),
    Column("meta", Json, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("project_id", "id"),
    Index(None, "project_id", "created_at", "id"),
)

flow_aliases = Table(
    "flow_aliases",
    metadata,
    Column("project_id", Text, nullable=False),
    Column("flow_id", Text, nullable=False),
    Column("alias", Text, nullable=False),
    Column("image_id", Text, ForeignKey("images.id"), nullable=False),
    PrimaryKeyConstraint("project_id", "flow_id", "alias"),
    ForeignKeyConstraint(
        ["project_id", "flow_id"], ["flows.project_id", "flows.id"], name="fk_flow_aliases_flow"
    ),
    Index(None, "project_id", "image_id"),
)

# The images may be erased before the generation is: history keeps the ids.
generation_references = Table(
    "generation_references",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("generation_id", Text, ForeignKey("generations.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("image_id", Text, nullable=False),
    PrimaryKeyConstraint("project_id", "generation_id", "position"),
)

# One row for every attempt that was followed by another: what it was and how it ended.
generation_history = Table(
    "generation_history",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("generation_id", Text, ForeignKey("generations.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("slot", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("original_prompt", Text, nullable=False),
    Column("ratio", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("model", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("generator", Text, nullable=False),
    Column("auto_enhance", Boolean, nullable=False),
    Column("template", Text),
    Column("job_id", Text),
    Column("output_image_id", Text),
    Column("cost_micros", BigInteger, nullable=False),
    Column("processing_ms", BigInteger),
    Column("cached", Boolean, nullable=False),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("updated_at", UtcTime, nullable=False),
    # Through which the attempt was made: the next one may be an order of its own.
    Column("scope_id", Text),
    PrimaryKeyConstraint("project_id", "generation_id", "attempt"),
    Index(
        "ix_generation_history_by_scope",
        "project_id",
        "scope_id",
        postgresql_where=text("scope_id IS NOT NULL"),
        sqlite_where=text("scope_id IS NOT NULL"),
    ),
    one_of("status", ("pending", "processing", "success", "failed", "cancelled")),
)

# ``status`` is NULL while the first request with the key is still being answered.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("request_digest", Text, nullable=False),
    Column("status", Integer),
    Column("body", LargeBinary),
    Column("claimed_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("project_id", "key"),
    Index(None, "project_id", "claimed_at"),
)
