"""The board counts open tasks by an index that holds all that their light is told by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042_board"
down_revision = "0036_one_person"
branch_labels = None
depends_on = None

_OPEN = sa.text("status = 'open'")
_COLUMNS = ["status", "unit", "role", "process", "stage", "due_on", "warn_on", "paused"]


def upgrade() -> None:
    """Of all tasks only the open ones stand in it."""
    op.create_index("ix_user_task_board", "user_task", _COLUMNS, sqlite_where=_OPEN, postgresql_where=_OPEN)


def downgrade() -> None:
    """Counted without it the board is slow."""
    op.drop_index("ix_user_task_board", "user_task")
