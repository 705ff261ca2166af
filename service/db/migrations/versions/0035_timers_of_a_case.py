"""The waiting timers of a case are found by an index."""

from __future__ import annotations

from alembic import op

revision = "0035_timers_of_a_case"
down_revision = "0034_verifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """SQLite, which has no statistics, walked all waiting timers of the house for those of one case."""
    op.create_index("ix_timer_instance_id_status", "timer", ["instance_id", "status"])
    op.drop_index("ix_timer_instance_id", "timer")
