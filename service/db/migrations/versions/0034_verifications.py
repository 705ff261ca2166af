"""Verifications have tables: their results, and which cases stand as they stood when they were executed again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from service.db.base import UtcDateTime

revision = "0034_verifications"
down_revision = "0033_administrators"
branch_labels = None
depends_on = None

Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Nothing of the old data is touched: the first verification executes everything."""
    op.create_table(
        "verification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("figures", Json, nullable=False),
        sa.Column("remarks", Json, nullable=False),
        sa.Column("findings", Json, nullable=False),
        sa.CheckConstraint("mode IN ('full', 'incremental')", name=op.f("ck_verification_mode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
    )
    op.create_index("ix_verification_ended_at", "verification", ["ended_at"])
    op.create_table(
        "verified_case",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_verified_case")),
    )
