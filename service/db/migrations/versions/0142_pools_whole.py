"""The index of open tasks by pool holds their status too: SQLite reads the task itself for a column that an index
lacks, though the index is of open tasks alone, and rather took another one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0142_pools_whole"
down_revision = "0147_moved_stay_late"
branch_labels = None
depends_on = None

OPEN = sa.text("status = 'open'")
COLUMNS = ["role", "unit", "leader_id", "person_key", "due_on", "warn_on", "paused", "assignee", "entered_at", "id"]


def upgrade() -> None:
    """With the status at its end."""
    _make([*COLUMNS, "status"])


def downgrade() -> None:
    """As before."""
    _make(COLUMNS)


def _make(columns: list[str]) -> None:
    op.drop_index("ix_user_task_pool", "user_task")
    op.create_index("ix_user_task_pool", "user_task", columns, sqlite_where=OPEN, postgresql_where=OPEN)
