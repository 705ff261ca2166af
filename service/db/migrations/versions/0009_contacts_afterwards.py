"""Contacts from older papers are neither in time nor late; a unit's own matter is followed step by step (R7)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import UtcDateTime

revision = "0009_contacts_afterwards"
down_revision = "0008_readings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Contacts imported before stay as they were shown: nothing tells them from those entered by hand."""
    op.add_column("contact", sa.Column("supplementary", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "matter_progress",
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.String(length=32), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_matter_progress_matter_id")),
        sa.PrimaryKeyConstraint("matter_id", "position", name=op.f("pk_matter_progress")),
    )
