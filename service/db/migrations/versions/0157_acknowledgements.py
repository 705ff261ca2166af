"""A finding about the time of an entry can be acknowledged, with a reason, by one auditor or by two."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import UtcDateTime

revision = "0157_acknowledgements"
down_revision = "0154_untitled_cases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing has been acknowledged."""
    op.create_table(
        "acknowledgement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("must", sa.Text(), nullable=True),
        sa.Column("have", sa.Text(), nullable=True),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("second", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_by", sa.String(length=64), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
    )
    op.create_index("ix_acknowledgement_stream_seq", "acknowledgement", ["stream", "seq"])
