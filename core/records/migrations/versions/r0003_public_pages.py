"""Revision 3: derivatives, purges and tombstones, use by the hour, budgets that count pictures."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
# The founded scope holds a page's own pictures: what bounds it is money, not their number.
_FOUNDED_LIMIT = 1_000_000


def upgrade() -> None:
    _rename_taken("spent_micros", "taken")
    scopes = sa.table("scopes", sa.column("new_generations_limit", sa.Integer()))
    op.execute(scopes.update().values(new_generations_limit=_FOUNDED_LIMIT))
    op.add_column("images", sa.Column("used_at", sa.BigInteger(), nullable=True))
    op.add_column("generation_history", sa.Column("scope_id", sa.Text(), nullable=True))
    _index_by_scope("generations", "created_at", "id")
    _index_by_scope("generation_history")
    _create_derivatives()
    _create_purge_clock()
    _create_purges()
    _create_tombstones()
    _create_purge_deliveries()
    _create_hit_counts()


def downgrade() -> None:
    """Back to revision 2. Tombstones are gone afterwards: what was taken down may come back."""
    for table in (
        "hit_counts",
        "purge_deliveries",
        "tombstones",
        "purges",
        "purge_clock",
        "derivatives",
    ):
        op.drop_table(table)
    op.drop_index("ix_generation_history_by_scope", "generation_history")
    op.drop_index("ix_generations_by_scope", "generations")
    with op.batch_alter_table("generation_history") as history:
        history.drop_column("scope_id")
    with op.batch_alter_table("images") as images:
        images.drop_column("used_at")
    _rename_taken("taken", "spent_micros")


def _index_by_scope(table: str, *order: str) -> None:
    op.create_index(
        f"ix_{table}_by_scope",
        table,
        ["project_id", "scope_id", *order],
        postgresql_where=sa.text("scope_id IS NOT NULL"),
        sqlite_where=sa.text("scope_id IS NOT NULL"),
    )


def _rename_taken(before: str, after: str) -> None:
    with op.batch_alter_table("budget_windows") as windows:
        windows.drop_constraint(op.f(f"ck_budget_windows_{before}"), type_="check")
        windows.alter_column(before, new_column_name=after, existing_type=sa.BigInteger())
    with op.batch_alter_table("budget_windows") as windows:
        windows.create_check_constraint(op.f(f"ck_budget_windows_{after}"), f"{after} >= 0")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _of_a_project(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["project_id"], ["projects.id"], name=op.f(f"fk_{table}_project_id")
    )


def _create_derivatives() -> None:
    op.create_table(
        "derivatives",
        _text("slot"),
        _text("identity"),
        _text("project_id"),
        _text("master_slot"),
        _text("master_identity"),
        _whole("file_size"),
        _whole("created_at"),
        _whole("used_at"),
        sa.CheckConstraint("file_size >= 0", name=op.f("ck_derivatives_file_size")),
        _of_a_project("derivatives"),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_derivatives")),
    )
    for columns in (["project_id", "master_slot"], ["used_at"]):
        op.create_index(op.f(f"ix_derivatives_{'_'.join(columns)}"), "derivatives", columns)


def _create_purge_clock() -> None:
    op.create_table(
        "purge_clock",
        _text("name"),
        _whole("number"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_purge_clock")),
    )
    op.execute(sa.text("INSERT INTO purge_clock (name, number) VALUES ('purges', 0)"))


def _create_purges() -> None:
    op.create_table(
        "purges",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        _text("project_id"),
        sa.Column("whole_project", sa.Boolean(), nullable=False),
        _text("scope_id", nullable=True),
        sa.Column("slots", _JSON, nullable=False),
        sa.Column("tombstone", sa.Boolean(), nullable=False),
        _whole("made_at"),
        _whole("ended_at", nullable=True),
        _of_a_project("purges"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_purges")),
    )
    for columns in (["project_id", "number"], ["made_at"]):
        op.create_index(op.f(f"ix_purges_{'_'.join(columns)}"), "purges", columns)
    op.create_index(
        "ix_purges_open",
        "purges",
        ["made_at"],
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )


def _create_tombstones() -> None:
    op.create_table(
        "tombstones",
        _text("project_id"),
        _text("identity"),
        _text("image_id", nullable=True),
        _whole("created_at"),
        _of_a_project("tombstones"),
        sa.PrimaryKeyConstraint("project_id", "identity", name=op.f("pk_tombstones")),
    )
    op.create_index(
        op.f("ix_tombstones_project_id_image_id"), "tombstones", ["project_id", "image_id"]
    )


def _create_purge_deliveries() -> None:
    op.create_table(
        "purge_deliveries",
        _text("id"),
        _whole("purge_number"),
        _text("project_id"),
        sa.Column("tags", _JSON, nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        _text("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        _whole("next_at"),
        _whole("created_at"),
        _whole("ended_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'delivered', 'failed')", name=op.f("ck_purge_deliveries_state")
        ),
        sa.ForeignKeyConstraint(
            ["purge_number"], ["purges.number"], name=op.f("fk_purge_deliveries_purge_number")
        ),
        _of_a_project("purge_deliveries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purge_deliveries")),
    )
    for columns in (["state", "next_at"], ["project_id", "purge_number"]):
        name = op.f(f"ix_purge_deliveries_{'_'.join(columns)}")
        op.create_index(name, "purge_deliveries", columns)


def _create_hit_counts() -> None:
    op.create_table(
        "hit_counts",
        _text("project_id"),
        _text("scope_id"),
        _whole("hour_start"),
        _whole("hits"),
        _of_a_project("hit_counts"),
        sa.PrimaryKeyConstraint("project_id", "scope_id", "hour_start", name=op.f("pk_hit_counts")),
    )
