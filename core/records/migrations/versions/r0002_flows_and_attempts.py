"""Revision 2: flows and their aliases, references, history, kept answers; attempts are paid each.

On SQLite the tables that gain columns are copied once, so that they get no lasting defaults.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _widen_generations()
    _index_generations()
    _index_images()
    _split_ledger()
    _create_flows()
    _create_flow_aliases()
    _create_generation_references()
    _create_generation_history()
    _create_idempotency_keys()


def downgrade() -> None:
    """Back to revision 1: flows, histories and kept answers are gone afterwards.

    The ledger keeps every entry; later attempts appear under ``<generation>#<attempt>``.
    """
    for table in (
        "idempotency_keys",
        "generation_history",
        "generation_references",
        "flow_aliases",
        "flows",
    ):
        op.drop_table(table)
    op.drop_index(op.f("ix_ledger_project_id_generation_id"), "ledger")
    with op.batch_alter_table("ledger") as ledger:
        ledger.drop_column("generation_id")
        ledger.drop_column("attempt")
    op.execute(sa.text("ALTER TABLE ledger RENAME COLUMN account TO generation_id"))
    for index in ("ix_images_live", "ix_images_live_by_source", "ix_images_by_flow"):
        op.drop_index(index, "images")
    op.drop_index("uq_images_alias", "images")
    for index in ("live", "live_by_status", "by_flow", "by_output"):
        op.drop_index(f"ix_generations_{index}", "generations")
    with op.batch_alter_table("generations") as generations:
        for column in ("cached", "assign_alias", "assign_flow_alias", "attempt"):
            generations.drop_column(column)


def _widen_generations() -> None:
    op.add_column("generations", sa.Column("assign_alias", sa.Text(), nullable=True))
    op.add_column("generations", sa.Column("assign_flow_alias", sa.Text(), nullable=True))
    op.add_column("generations", sa.Column("cached", sa.Boolean(), nullable=True))
    op.add_column("generations", sa.Column("attempt", sa.Integer(), nullable=True))
    op.execute(sa.text("UPDATE generations SET cached = false, attempt = 0"))
    with op.batch_alter_table("generations") as generations:
        generations.alter_column("cached", existing_type=sa.Boolean(), nullable=False)
        generations.alter_column("attempt", existing_type=sa.Integer(), nullable=False)


def _partial(
    name: str, table: str, columns: list[str], where: str, *, unique: bool = False
) -> None:
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        postgresql_where=sa.text(where),
        sqlite_where=sa.text(where),
    )


def _index_generations() -> None:
    newest, live = ["created_at", "id"], "deleted_at IS NULL"
    _partial("ix_generations_live", "generations", ["project_id", *newest], live)
    by_status = ["project_id", "status", *newest]
    _partial("ix_generations_live_by_status", "generations", by_status, live)
    by_flow = ["project_id", "flow_id", *newest, "deleted_at"]
    _partial("ix_generations_by_flow", "generations", by_flow, "flow_id IS NOT NULL")
    by_output = ["project_id", "output_image_id"]
    _partial("ix_generations_by_output", "generations", by_output, "output_image_id IS NOT NULL")


def _index_images() -> None:
    newest, live = ["created_at", "id"], "deleted_at IS NULL"
    _partial("ix_images_live", "images", ["project_id", *newest], live)
    _partial("ix_images_live_by_source", "images", ["project_id", "source", *newest], live)
    by_flow = ["project_id", "flow_id", *newest, "deleted_at"]
    _partial("ix_images_by_flow", "images", by_flow, "flow_id IS NOT NULL")
    named = f"{live} AND alias IS NOT NULL"
    _partial("uq_images_alias", "images", ["project_id", "alias"], named, unique=True)


def _split_ledger() -> None:
    op.execute(sa.text("ALTER TABLE ledger RENAME COLUMN generation_id TO account"))
    op.add_column("ledger", sa.Column("generation_id", sa.Text(), nullable=True))
    op.add_column("ledger", sa.Column("attempt", sa.Integer(), nullable=True))
    op.execute(sa.text("UPDATE ledger SET generation_id = account, attempt = 0"))
    with op.batch_alter_table("ledger") as ledger:
        ledger.alter_column("generation_id", existing_type=sa.Text(), nullable=False)
        ledger.alter_column("attempt", existing_type=sa.Integer(), nullable=False)
    op.create_index(
        op.f("ix_ledger_project_id_generation_id"), "ledger", ["project_id", "generation_id"]
    )


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _references(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _create_flows() -> None:
    op.create_table(
        "flows",
        _text("project_id"),
        _text("id"),
        sa.Column("meta", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        _references("flows", "project_id", "projects.id"),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_flows")),
    )
    op.create_index(
        op.f("ix_flows_project_id_created_at_id"), "flows", ["project_id", "created_at", "id"]
    )


def _create_flow_aliases() -> None:
    op.create_table(
        "flow_aliases",
        _text("project_id"),
        _text("flow_id"),
        _text("alias"),
        _text("image_id"),
        _references("flow_aliases", "image_id", "images.id"),
        sa.ForeignKeyConstraint(
            ["project_id", "flow_id"],
            ["flows.project_id", "flows.id"],
            name=op.f("fk_flow_aliases_flow"),
        ),
        sa.PrimaryKeyConstraint("project_id", "flow_id", "alias", name=op.f("pk_flow_aliases")),
    )
    op.create_index(
        op.f("ix_flow_aliases_project_id_image_id"), "flow_aliases", ["project_id", "image_id"]
    )


def _create_generation_references() -> None:
    table = "generation_references"
    op.create_table(
        table,
        _text("project_id"),
        _text("generation_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("image_id"),
        _references(table, "generation_id", "generations.id"),
        _references(table, "project_id", "projects.id"),
        sa.PrimaryKeyConstraint(
            "project_id", "generation_id", "position", name=op.f(f"pk_{table}")
        ),
    )


def _create_generation_history() -> None:
    table = "generation_history"
    op.create_table(
        table,
        _text("project_id"),
        _text("generation_id"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        _text("status"),
        _text("identity"),
        _text("slot"),
        _text("prompt"),
        _text("original_prompt"),
        _text("ratio"),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        _text("model"),
        _text("model_version"),
        _text("generator"),
        sa.Column("auto_enhance", sa.Boolean(), nullable=False),
        _text("template", nullable=True),
        _text("job_id", nullable=True),
        _text("output_image_id", nullable=True),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("processing_ms", sa.BigInteger(), nullable=True),
        sa.Column("cached", sa.Boolean(), nullable=False),
        _text("error_code", nullable=True),
        _text("error_message", nullable=True),
        _time("updated_at"),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'success', 'failed', 'cancelled')",
            name=op.f("ck_generation_history_status"),
        ),
        _references(table, "generation_id", "generations.id"),
        _references(table, "project_id", "projects.id"),
        sa.PrimaryKeyConstraint("project_id", "generation_id", "attempt", name=op.f(f"pk_{table}")),
    )


def _create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        _text("project_id"),
        _text("key"),
        _text("request_digest"),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        _time("claimed_at"),
        _references("idempotency_keys", "project_id", "projects.id"),
        sa.PrimaryKeyConstraint("project_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        op.f("ix_idempotency_keys_project_id_claimed_at"),
        "idempotency_keys",
        ["project_id", "claimed_at"],
    )
