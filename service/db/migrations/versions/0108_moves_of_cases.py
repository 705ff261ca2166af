"""Whether a case was ever moved to another version is found at once, however long its journal (adr/0074)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0108_moves_of_cases"
down_revision = "0112_whose_steps"
branch_labels = None
depends_on = None

_MOVES = sa.text("kind = 'migrated'")


def upgrade() -> None:
    """Makes the index."""
    op.create_index("ix_history_event_moves", "history_event", ["stream"], sqlite_where=_MOVES, postgresql_where=_MOVES)
