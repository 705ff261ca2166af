"""A version says of which earlier one it is a restoration, and whether it was walked before it was published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031_restored_versions"
down_revision = "0030_access_log"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Versions and drafts of before say neither: their journal has not been told."""
    op.add_column("definition", sa.Column("restores", sa.Integer(), nullable=True))
    op.add_column("definition", sa.Column("walk", sa.String(16), nullable=True))
    op.add_column("draft", sa.Column("restores", sa.Integer(), nullable=True))
