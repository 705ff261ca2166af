"""Statistics read the clocks of responsible units, and the reviews of interim answers, by indexes alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0058_figures"
down_revision = "0062_notice_choices"
branch_labels = None
depends_on = None

_COLUMNS = ["role", "instance_id", "unit", "due_on", "from_on", "until_on", "ended", "void_on"]
_INTERIM = sa.text("task = 'confirm_interim'")


def upgrade() -> None:
    """Two indexes; no row changes."""
    op.create_index("ix_clock_run_units", "clock_run", _COLUMNS)
    op.create_index(
        "ix_user_task_interim",
        "user_task",
        ["instance_id", "scope"],
        sqlite_where=_INTERIM,
        postgresql_where=_INTERIM,
    )


def downgrade() -> None:
    """Counted without them statistics are slow."""
    op.drop_index("ix_user_task_interim", "user_task")
    op.drop_index("ix_clock_run_units", "clock_run")
