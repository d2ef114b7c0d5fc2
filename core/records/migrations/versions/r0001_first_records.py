"""Revision 1: tenants, keys, scopes, generations, images, the ledger and its windows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _create_organizations()
    _create_projects()
    _create_api_keys()
    _create_scopes()
    _create_generations()
    _index_generations()
    _create_images()
    _create_ledger()
    _create_budget_windows()


def downgrade() -> None:
    """Back to nothing: every record is gone afterwards."""
    op.drop_table("budget_windows")
    op.drop_table("ledger")
    op.drop_table("images")
    op.drop_table("generations")
    op.drop_table("scopes")
    op.drop_table("api_keys")
    op.drop_table("projects")
    op.drop_table("organizations")


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.Text(), nullable=False)


def _of_a_project(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["project_id"], ["projects.id"], name=op.f(f"fk_{table}_project_id")
    )


def _json() -> sa.JSON:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def _create_organizations() -> None:
    op.create_table(
        "organizations",
        _id(),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organizations_slug")),
    )


def _create_projects() -> None:
    op.create_table(
        "projects",
        _id(),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_projects_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint(
            "organization_id", "slug", name=op.f("uq_projects_organization_id_slug")
        ),
    )


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        _id(),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=True),
        sa.Column("scopes", _json(), nullable=False),
        sa.Column("allowed_models", _json(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(type = 'master') = (project_id IS NULL)",
            name=op.f("ck_api_keys_master_has_no_project"),
        ),
        sa.CheckConstraint("type IN ('master', 'project')", name=op.f("ck_api_keys_type")),
        _of_a_project("api_keys"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_keys_secret_hash")),
    )
    op.create_index(op.f("ix_api_keys_project_id"), "api_keys", ["project_id"])


def _create_scopes() -> None:
    op.create_table(
        "scopes",
        _id(),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("allow_new_generations", sa.Boolean(), nullable=False),
        sa.Column("require_signature", sa.Text(), nullable=False),
        sa.Column("new_generations_limit", sa.Integer(), nullable=False),
        sa.Column("budget_micros", sa.BigInteger(), nullable=True),
        sa.Column("budget_window", sa.Text(), nullable=True),
        sa.Column("allowed_origins", _json(), nullable=False),
        sa.Column("allowed_models", _json(), nullable=True),
        sa.Column("per_address_limit", sa.Integer(), nullable=True),
        sa.Column("meta", _json(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "budget_window IN ('hour', 'day', 'month')", name=op.f("ck_scopes_budget_window")
        ),
        sa.CheckConstraint(
            "require_signature IN ('auto', 'true', 'false')",
            name=op.f("ck_scopes_require_signature"),
        ),
        _of_a_project("scopes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scopes")),
        sa.UniqueConstraint("project_id", "slug", name=op.f("uq_scopes_project_id_slug")),
    )


def _create_generations() -> None:
    op.create_table(
        "generations",
        _id(),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("original_prompt", sa.Text(), nullable=False),
        sa.Column("ratio", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("generator", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("auto_enhance", sa.Boolean(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("job_id", sa.Text(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("scope_id", sa.Text(), nullable=True),
        sa.Column("flow_id", sa.Text(), nullable=True),
        sa.Column("output_image_id", sa.Text(), nullable=True),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("processing_ms", sa.BigInteger(), nullable=True),
        sa.Column("retry_count", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("meta", _json(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("origin IN ('rest', 'live')", name=op.f("ck_generations_origin")),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'success', 'failed', 'cancelled')",
            name=op.f("ck_generations_status"),
        ),
        _of_a_project("generations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generations")),
    )


def _index_generations() -> None:
    op.create_index(
        op.f("ix_generations_project_id_created_at_id"),
        "generations",
        ["project_id", "created_at", "id"],
    )
    op.create_index(
        op.f("ix_generations_project_id_identity_status"),
        "generations",
        ["project_id", "identity", "status"],
    )
    op.create_index(
        op.f("ix_generations_status_updated_at"), "generations", ["status", "updated_at"]
    )


def _create_images() -> None:
    op.create_table(
        "images",
        _id(),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("thumb_hash", sa.Text(), nullable=False),
        sa.Column("dominant_color", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("generation_id", sa.Text(), nullable=True),
        sa.Column("flow_id", sa.Text(), nullable=True),
        sa.Column("alias", sa.Text(), nullable=True),
        sa.Column("focal_x", sa.Float(), nullable=False),
        sa.Column("focal_y", sa.Float(), nullable=False),
        sa.Column("stored", sa.Boolean(), nullable=False),
        sa.Column("meta", _json(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("origin IN ('rest', 'live')", name=op.f("ck_images_origin")),
        sa.CheckConstraint("source IN ('generated', 'uploaded')", name=op.f("ck_images_source")),
        _of_a_project("images"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
    )
    op.create_index(
        op.f("ix_images_project_id_created_at_id"), "images", ["project_id", "created_at", "id"]
    )
    op.create_index(op.f("ix_images_project_id_slot"), "images", ["project_id", "slot"])


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("generation_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reserved_micros", sa.BigInteger(), nullable=False),
        sa.Column("settled_micros", sa.BigInteger(), nullable=True),
        sa.Column("duplicate", sa.Boolean(), nullable=False),
        sa.Column("taken", _json(), nullable=False),
        sa.Column("reserved_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('reserved', 'settled', 'refunded')", name=op.f("ck_ledger_state")
        ),
        sa.CheckConstraint("reserved_micros >= 0", name=op.f("ck_ledger_reserved_micros")),
        sa.CheckConstraint("settled_micros >= 0", name=op.f("ck_ledger_settled_micros")),
        _of_a_project("ledger"),
        sa.PrimaryKeyConstraint("generation_id", name=op.f("pk_ledger")),
    )
    op.create_index(
        op.f("ix_ledger_project_id_reserved_at"), "ledger", ["project_id", "reserved_at"]
    )
    op.create_index(op.f("ix_ledger_state_reserved_at"), "ledger", ["state", "reserved_at"])


def _create_budget_windows() -> None:
    op.create_table(
        "budget_windows",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("window_start", sa.BigInteger(), nullable=False),
        sa.Column("spent_micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "period IN ('hour', 'day', 'month', 'total')", name=op.f("ck_budget_windows_period")
        ),
        sa.CheckConstraint("spent_micros >= 0", name=op.f("ck_budget_windows_spent_micros")),
        sa.PrimaryKeyConstraint(
            "subject", "period", "window_start", name=op.f("pk_budget_windows")
        ),
    )
