"""已办 is found and ordered by an index."""

from __future__ import annotations

from alembic import op

revision = "0027_done_tasks"
down_revision = "0026_lying"
branch_labels = None
depends_on = None

_COLUMNS = ["completed_by", "status", "completed_at", "id"]


def upgrade() -> None:
    """The index of who completed a task becomes the beginning of a longer one."""
    op.create_index("ix_user_task_completed_by_status_completed_at_id", "user_task", _COLUMNS)
    op.drop_index("ix_user_task_completed_by", "user_task")
