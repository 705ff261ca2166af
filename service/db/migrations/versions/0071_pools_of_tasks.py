"""An index holds the open tasks by pool, for lists and lights."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0071_pools_of_tasks"
down_revision = "0060_talent_notes"
branch_labels = None
depends_on = None

_OPEN = sa.text("status = 'open'")
_COLUMNS = ["role", "unit", "leader_id", "person_key", "due_on", "warn_on", "paused", "assignee", "entered_at", "id"]


def upgrade() -> None:
    """Of all tasks only the open ones stand in it."""
    op.create_index("ix_user_task_pool", "user_task", _COLUMNS, sqlite_where=_OPEN, postgresql_where=_OPEN)


def downgrade() -> None:
    """Without it lists of open tasks read every one."""
    op.drop_index("ix_user_task_pool", "user_task")
