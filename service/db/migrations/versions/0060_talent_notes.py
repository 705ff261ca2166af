"""Notes on talents' files: what contacts told of research, discipline, business and training (C3)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import UtcDateTime

revision = "0060_talent_notes"
down_revision = "0039_questions_of_a_million"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An empty table: what contacts said until now stands in their summaries."""
    op.create_table(
        "talent_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("talent_id", sa.String(length=16), nullable=False),
        sa.Column("aspect", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.String(length=32), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "aspect IN ('research', 'discipline', 'business', 'training')", name=op.f("ck_talent_note_aspect")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_talent_note_contact_id")),
        sa.ForeignKeyConstraint(["talent_id"], ["talent.id"], name=op.f("fk_talent_note_talent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talent_note")),
        sa.UniqueConstraint("contact_id", "position", name=op.f("uq_talent_note_contact_id_position")),
    )
    op.create_index("ix_talent_note_talent_id", "talent_note", ["talent_id"])
