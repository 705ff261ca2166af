"""Pools of open tasks are found one after the other, and all open tasks stand in the order in which they are due."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0166_pools_in_order"
down_revision = "0167_figures_seen"
branch_labels = None
depends_on = None

PARTS = ("role", "unit", "CAST(leader_id AS TEXT)", "person_key", "assignee")
POOL = "({})".format(" || ' ' || ".join(f"coalesce('=' || {part}, '')" for part in PARTS))


def upgrade() -> None:
    """Both hold open tasks alone; the status is for SQLite, which would else look for all that are open and sort."""
    only = text("status = 'open'")
    op.create_index(
        "ix_user_task_pools", "user_task", ["status", text(POOL), "id"], sqlite_where=only, postgresql_where=only
    )
    ordered = ["status", "due_on", "entered_at", "task", "id"]
    op.create_index("ix_user_task_due", "user_task", ordered, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    """Drops them."""
    op.drop_index("ix_user_task_due", table_name="user_task")
    op.drop_index("ix_user_task_pools", table_name="user_task")
