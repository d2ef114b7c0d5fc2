"""The tables of the records, one schema for SQLite and PostgreSQL.

Ids are UUIDv7 text, money is whole micro-dollars, enumerations are checked text, and every
constraint has a name, so that later revisions can change it on both databases.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from core.records.columns import NAMES, Json, UtcTime, one_of

metadata = MetaData(naming_convention=NAMES)

organizations = Table(
    "organizations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("slug"),
)

projects = Table(
    "projects",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    Column("slug", Text, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("organization_id", "slug"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("project_id", Text, ForeignKey("projects.id")),
    Column("scopes", Json, nullable=False),
    Column("allowed_models", Json),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("last_used_at", UtcTime),
    Column("revoked_at", UtcTime),
    UniqueConstraint("secret_hash"),
    one_of("type", ("master", "project")),
    CheckConstraint("(type = 'master') = (project_id IS NULL)", name="master_has_no_project"),
    Index(None, "project_id"),
)

scopes = Table(
    "scopes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("slug", Text, nullable=False),
    Column("allow_new_generations", Boolean, nullable=False),
    Column("require_signature", Text, nullable=False),
    Column("new_generations_limit", Integer, nullable=False),
    Column("budget_micros", BigInteger),
    Column("budget_window", Text),
    Column("allowed_origins", Json, nullable=False),
    Column("allowed_models", Json),
    Column("per_address_limit", Integer),
    Column("meta", Json, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("project_id", "slug"),
    one_of("require_signature", ("auto", "true", "false")),
    one_of("budget_window", ("hour", "day", "month")),
)

generations = Table(
    "generations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
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
    Column("origin", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("auto_enhance", Boolean, nullable=False),
    Column("template", Text),
    Column("job_id", Text),
    # What these four name may be deleted before the generation is: history keeps the ids.
    Column("key_id", Text),
    Column("scope_id", Text),
    Column("flow_id", Text),
    Column("output_image_id", Text),
    Column("cost_micros", BigInteger, nullable=False),
    Column("processing_ms", BigInteger),
    Column("retry_count", Integer, nullable=False),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("meta", Json, nullable=False),
    Column("deleted_at", UtcTime),
    one_of("status", ("pending", "processing", "success", "failed", "cancelled")),
    one_of("origin", ("rest", "live")),
    Index(None, "project_id", "identity", "status"),
    # Read backwards for "newest first, id as tie-break".
    Index(None, "project_id", "created_at", "id"),
    Index(None, "status", "updated_at"),
)

images = Table(
    "images",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("slot", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("file_size", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("thumb_hash", Text, nullable=False),
    Column("dominant_color", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("generation_id", Text),
    Column("flow_id", Text),
    Column("alias", Text),
    Column("focal_x", Float, nullable=False),
    Column("focal_y", Float, nullable=False),
    Column("stored", Boolean, nullable=False),
    Column("meta", Json, nullable=False),
    Column("deleted_at", UtcTime),
    one_of("source", ("generated", "uploaded")),
    one_of("origin", ("rest", "live")),
    Index(None, "project_id", "slot"),
    Index(None, "project_id", "created_at", "id"),
)

# ``taken`` lists the windows the reservation counts in: [[subject, window, start], …], the start
# in microseconds. No foreign key to generations: the money is reserved before they begin.
ledger = Table(
    "ledger",
    metadata,
    Column("generation_id", Text, primary_key=True),
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
)

budget_windows = Table(
    "budget_windows",
    metadata,
    Column("subject", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("window_start", UtcTime, nullable=False),
    Column("spent_micros", BigInteger, nullable=False),
    PrimaryKeyConstraint("subject", "period", "window_start"),
    # "window" is a reserved word of SQL. "total" never ends; nothing counts in it yet.
    one_of("period", ("hour", "day", "month", "total")),
    CheckConstraint("spent_micros >= 0", name="spent_micros"),
)
