"""Cases may belong to each other: linked, or one handled within another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import UtcDateTime

revision = "0046_case_links"
down_revision = "0044_ledger_views"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An empty table: no case belonged to another before."""
    op.create_table(
        "case_link",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('linked', 'into', 'holds')", name=op.f("ck_case_link_kind")),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_case_link_instance_id")),
        sa.ForeignKeyConstraint(["other_id"], ["instance.id"], name=op.f("fk_case_link_other_id")),
        sa.PrimaryKeyConstraint("instance_id", "other_id", name=op.f("pk_case_link")),
    )
    op.create_index("ix_case_link_other_id", "case_link", ["other_id"])
