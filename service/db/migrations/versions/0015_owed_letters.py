"""Letters that are still owed stand on their own, each with its attempts and the reason why it is not sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import UtcDateTime

revision = "0015_owed_letters"
down_revision = "0014_clock_runs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Notices that were owed by mail until now are told once more, which owes their letters."""
    op.create_table(
        "owed_letter",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("given_up", sa.Boolean(), nullable=False),
        sa.Column("of_channel", sa.Boolean(), nullable=False),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["history_event.id"], name=op.f("fk_owed_letter_event_id")),
        sa.PrimaryKeyConstraint("event_id", "channel", "recipient", name=op.f("pk_owed_letter")),
    )
    op.create_index("ix_owed_letter_due_at", "owed_letter", ["due_at"])
