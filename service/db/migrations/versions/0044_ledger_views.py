"""Saved views of the ledger, policies marked changed, and the cases that are looked at again for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import UtcDateTime

revision = "0044_ledger_views"
down_revision = "0042_board"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty tables."""
    op.create_table(
        "ledger_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_view")),
    )
    op.create_index("ix_ledger_view_owner", "ledger_view", ["owner"])
    op.create_table(
        "policy_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("marked_by", sa.String(length=64), nullable=False),
        sa.Column("marked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_change")),
    )
    op.create_table(
        "policy_revisit",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("result IN ('solvable', 'still', 'moot')", name=op.f("ck_policy_revisit_result")),
        sa.ForeignKeyConstraint(["change_id"], ["policy_change.id"], name=op.f("fk_policy_revisit_change_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_policy_revisit_instance_id")),
        sa.PrimaryKeyConstraint("change_id", "instance_id", name=op.f("pk_policy_revisit")),
    )
    op.create_index("ix_policy_revisit_instance_id", "policy_revisit", ["instance_id"])


def downgrade() -> None:
    """Views and marks are lost; the journal tells of them."""
    op.drop_table("policy_revisit")
    op.drop_table("policy_change")
    op.drop_table("ledger_view")
