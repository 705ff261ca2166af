"""Auditors' questions over a million entries read indexes: all that one person did, steps that came up again."""

from __future__ import annotations

from alembic import op

revision = "0039_questions_of_a_million"
down_revision = "0038_verified_notices"
branch_labels = None
depends_on = None

PLACE = ["instance_id", "process", "task", "scope", "entered_seq", "completed_seq", "status", "due_on"]


def upgrade() -> None:
    """No row is touched."""
    op.create_index("ix_user_task_place", "user_task", PLACE)
    op.create_index("ix_history_event_actor_at_kind", "history_event", ["actor", "at", "kind"])
    op.drop_index("ix_history_event_actor_at", table_name="history_event")


def downgrade() -> None:
    """As before, with slower answers."""
    op.create_index("ix_history_event_actor_at", "history_event", ["actor", "at"])
    op.drop_index("ix_history_event_actor_at_kind", table_name="history_event")
    op.drop_index("ix_user_task_place", table_name="user_task")
