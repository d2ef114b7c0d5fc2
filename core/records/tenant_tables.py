"""The tables of who may come in: organizations, projects, keys, scopes."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from core.records.columns import Json, UtcTime, metadata, one_of

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
