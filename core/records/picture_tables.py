"""The tables of work and what it made: generations and images."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from core.records.columns import Json, UtcTime, metadata, one_of


def _where(condition: str) -> dict[str, Any]:
    """A partial index, in the words of both databases."""
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


_BY_FLOW = ("project_id", "flow_id", "created_at", "id")
_LIVE = _where("deleted_at IS NULL")
_IN_A_FLOW = _where("flow_id IS NOT NULL")
_OF_A_SCOPE = _where("scope_id IS NOT NULL")
_WITH_OUTPUT = _where("output_image_id IS NOT NULL")
_NAMED = _where("deleted_at IS NULL AND alias IS NOT NULL")

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
    Column("cached", Boolean, nullable=False),
    Column("assign_alias", Text),
    Column("assign_flow_alias", Text),
    Column("attempt", Integer, nullable=False),
    one_of("status", ("pending", "processing", "success", "failed", "cancelled")),
    one_of("origin", ("rest", "live")),
    Index(None, "project_id", "identity", "status"),
    Index(None, "status", "updated_at"),
    # The next four are read backwards for "newest first, id as tie-break"; the two that leave
    # deleted rows out serve the usual lists, however much was deleted before.
    Index(None, "project_id", "created_at", "id"),
    Index("ix_generations_live", "project_id", "created_at", "id", **_LIVE),
    Index("ix_generations_live_by_status", "project_id", "status", "created_at", "id", **_LIVE),
    # Tells by itself who is deleted, so that counting needs no rows.
    Index("ix_generations_by_flow", *_BY_FLOW, "deleted_at", **_IN_A_FLOW),
    Index("ix_generations_by_scope", "project_id", "scope_id", "created_at", "id", **_OF_A_SCOPE),
    Index("ix_generations_by_output", "project_id", "output_image_id", **_WITH_OUTPUT),
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
    Column("used_at", UtcTime),
    one_of("source", ("generated", "uploaded")),
    one_of("origin", ("rest", "live")),
    Index(None, "project_id", "slot"),
    Index(None, "project_id", "created_at", "id"),
    Index("ix_images_live", "project_id", "created_at", "id", **_LIVE),
    Index("ix_images_live_by_source", "project_id", "source", "created_at", "id", **_LIVE),
    Index("ix_images_by_flow", *_BY_FLOW, "deleted_at", **_IN_A_FLOW),
    # An alias names one image; deleted ones hold none.
    Index("uq_images_alias", "project_id", "alias", unique=True, **_NAMED),
)
