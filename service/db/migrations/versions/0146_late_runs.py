"""The index of late runs of clocks holds all by which they are late, as of any day, those of units side by side."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0146_late_runs"
down_revision = "0145_figures_within"
branch_labels = None
depends_on = None

NAME = "ix_clock_run_late"


def upgrade() -> None:
    """Makes it anew with more columns."""
    _made(("role", "instance_id", "due_on", "from_on", "until_on", "void_on"))


def downgrade() -> None:
    """As it was."""
    _made(("instance_id", "role", "due_on"))


def _made(columns: Sequence[str]) -> None:
    late = sa.text("until_on IS NULL OR due_on < until_on")
    op.drop_index(NAME, "clock_run")
    op.create_index(NAME, "clock_run", list(columns), sqlite_where=late, postgresql_where=late)
