"""常用语: phrases of people and of units, and who used which when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import UtcDateTime

revision = "0047_phrases"
down_revision = "0046_case_links"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty tables: everybody begins with none."""
    op.create_table(
        "phrase",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_code", sa.String(length=32), nullable=True),
        sa.Column("username", sa.String(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(unit_code IS NULL) <> (username IS NULL)", name=op.f("ck_phrase_owner")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name=op.f("fk_phrase_unit_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrase")),
    )
    op.create_index("ix_phrase_unit_code", "phrase", ["unit_code"])
    op.create_index("ix_phrase_username", "phrase", ["username"])
    op.create_table(
        "phrase_use",
        sa.Column("phrase_id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["phrase_id"], ["phrase.id"], name=op.f("fk_phrase_use_phrase_id")),
        sa.PrimaryKeyConstraint("phrase_id", "username", name=op.f("pk_phrase_use")),
    )
