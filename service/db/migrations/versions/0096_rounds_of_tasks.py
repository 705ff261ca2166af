"""How often a step had come up in its slot of a case stands with each task: what came up again is found at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0096_rounds_of_tasks"
down_revision = "0073_units_of_cases"
branch_labels = None
depends_on = None

_AGAIN = sa.text("round > 1")
FILL = """
UPDATE user_task SET round = counted.round FROM (
  SELECT id, rank() OVER (PARTITION BY instance_id, process, task, scope ORDER BY entered_seq) AS round FROM user_task
) AS counted
WHERE counted.id = user_task.id AND counted.round > 1
"""


def upgrade() -> None:
    """The index is made at the end, all at once."""
    op.add_column("user_task", sa.Column("round", sa.Integer(), nullable=False, server_default="1"))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = 0")
    op.execute(FILL)
    columns = ["instance_id", "process", "task", "scope"]
    op.create_index("ix_user_task_again", "user_task", columns, sqlite_where=_AGAIN, postgresql_where=_AGAIN)


def downgrade() -> None:
    """Nothing is lost: it follows from the tasks."""
    op.drop_index("ix_user_task_again", "user_task")
    with op.batch_alter_table("user_task") as table:
        table.drop_column("round")
