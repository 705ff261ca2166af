"""A version of a process keeps the templates of the house that its cases print with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028_version_prints"
down_revision = "0027_done_tasks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Versions of before get theirs from the service, which has the templates, when it next prepares the database."""
    op.add_column("definition", sa.Column("prints", sa.String(64), nullable=True))
