"""A table of the ways in which people see cases, made here from the cases and steps there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0072_readers_of_cases"
down_revision = "0071_pools_of_tasks"
branch_labels = None
depends_on = None

FILL = """
INSERT INTO case_reader (instance_id, reader, process, status, started_at)
SELECT instance.id, way.reader, instance.process, instance.status, instance.started_at FROM instance JOIN (
  SELECT id, 'user:' || initiator AS reader FROM instance
  UNION SELECT id, 'origin:' || initiator_unit FROM instance WHERE initiator_unit <> ''
  UNION SELECT id, 'talent:' || talent_id FROM instance WHERE talent_id <> ''
  UNION SELECT id, 'leader:' || replace(leader_id, '-', '') FROM instance WHERE leader_id <> ''
  UNION SELECT instance_id, 'role:' || role || '@' || unit FROM user_task WHERE role <> '' AND unit <> ''
  UNION SELECT instance_id, 'person:' || role || ':' || person_key FROM user_task WHERE role <> '' AND person_key <> ''
  UNION SELECT instance_id, 'leader:' || replace(CAST(leader_id AS TEXT), '-', '') FROM user_task
    WHERE leader_id IS NOT NULL
  UNION SELECT instance_id, 'user:' || assignee FROM user_task WHERE assignee <> ''
  UNION SELECT instance_id, 'user:' || completed_by FROM user_task WHERE completed_by <> ''
) AS way ON way.id = instance.id
ORDER BY 1
"""
"""A way is as ``processes/readers.py`` says."""


def upgrade() -> None:
    """The index is made at the end, all at once."""
    op.create_table(
        "case_reader",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("reader", sa.String(128), nullable=False),
        sa.Column("process", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_case_reader_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "reader", name=op.f("pk_case_reader")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = 0")
    op.execute(FILL)
    columns = ["reader", "process", "status", "started_at", "instance_id"]
    op.create_index("ix_case_reader_list", "case_reader", columns)


def downgrade() -> None:
    """Nothing is lost: it follows from cases and steps."""
    op.drop_table("case_reader")
