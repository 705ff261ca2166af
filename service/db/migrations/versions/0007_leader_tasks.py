"""A task may be for the holder of one leader's post alone; indexes that keep a full database fast."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_leader_tasks"
down_revision = "0006_serving_links"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tasks until now are for roles and units: their column stays empty."""
    op.add_column("user_task", sa.Column("leader_id", sa.Uuid(), nullable=True))
    op.drop_index("ix_user_task_instance_id", table_name="user_task")
    op.create_index("ix_user_task_instance_id_status", "user_task", ["instance_id", "status"])
    op.create_index("ix_instance_process_started_at", "instance", ["process", "started_at"])
