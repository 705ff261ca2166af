"""Units that had a step in a case are ways of their own, for ledgers; what goes on or stands still has an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0073_units_of_cases"
down_revision = "0058_figures"
branch_labels = None
depends_on = None

FILL = """
INSERT INTO case_reader (instance_id, reader, process, status, started_at)
SELECT instance.id, 'unit:' || way.unit, instance.process, instance.status, instance.started_at
  FROM (SELECT DISTINCT instance_id, unit FROM user_task WHERE unit <> '') AS way
  JOIN instance ON instance.id = way.instance_id
"""

_SUSPENDED = sa.text("status = 'suspended'")
_GOING = sa.text("until_on IS NULL AND void_on IS NULL")


def upgrade() -> None:
    """Made from the steps there are."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = 0")
    op.execute(FILL)
    op.create_index(
        "ix_clock_run_going", "clock_run", ["role", "unit", "due_on"], sqlite_where=_GOING, postgresql_where=_GOING
    )
    op.create_index("ix_instance_suspended", "instance", ["id"], sqlite_where=_SUSPENDED, postgresql_where=_SUSPENDED)


def downgrade() -> None:
    """The rows that go follow from the steps."""
    op.drop_index("ix_instance_suspended", "instance")
    op.drop_index("ix_clock_run_going", "clock_run")
    op.execute("DELETE FROM case_reader WHERE reader LIKE 'unit:%'")
