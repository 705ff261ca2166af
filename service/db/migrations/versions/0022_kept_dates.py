"""A task of a migrated case knows by which words of an earlier version its date stays counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import Json

revision = "0022_kept_dates"
down_revision = "0021_drafts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No case has been migrated before."""
    op.add_column("user_task", sa.Column("kept", Json, nullable=True))
