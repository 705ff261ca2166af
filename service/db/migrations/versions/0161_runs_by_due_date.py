"""Runs of clocks of a case are found with their due dates: those whose date has not passed are not read."""

from __future__ import annotations

from alembic import op

revision = "0161_runs_by_due_date"
down_revision = "0162_open_tasks_alone"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One index takes the place of the other."""
    op.create_index("ix_clock_run_instance_id_due_on", "clock_run", ["instance_id", "due_on"])
    op.drop_index("ix_clock_run_instance_id", table_name="clock_run")


def downgrade() -> None:
    """Makes it again."""
    op.create_index("ix_clock_run_instance_id", "clock_run", ["instance_id"])
    op.drop_index("ix_clock_run_instance_id_due_on", table_name="clock_run")
