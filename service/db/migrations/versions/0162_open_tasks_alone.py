"""Two indexes over all tasks go: open tasks have indexes of their own, which each question about them now names."""

from __future__ import annotations

from alembic import op

revision = "0162_open_tasks_alone"
down_revision = "0160_title_order"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each step wrote into both."""
    op.drop_index("ix_user_task_status_role_unit", table_name="user_task")
    op.drop_index("ix_user_task_status_due_on", table_name="user_task")


def downgrade() -> None:
    """Makes them again."""
    op.create_index("ix_user_task_status_role_unit", "user_task", ["status", "role", "unit"])
    op.create_index("ix_user_task_status_due_on", "user_task", ["status", "due_on"])
