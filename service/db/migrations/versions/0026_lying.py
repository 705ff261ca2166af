"""Whether a part of a case lies for ever stands with the case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026_lying"
down_revision = "0025_seals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A case of before is looked at with its next step; ``liaison verify`` names one of which it is true today."""
    op.add_column("instance", sa.Column("lying", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_instance_lying", "instance", ["lying"])
