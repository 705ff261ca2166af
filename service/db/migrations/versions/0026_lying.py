"""Whether a part of a case lies for ever stands with the case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026_lying"
down_revision = "0025_seals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """``liaison migrate`` looks at the cases that run (``processes.backfill.fill_lying``): it has the engine."""
    op.add_column("instance", sa.Column("lying", sa.Boolean(), nullable=True))
    op.execute(sa.text("UPDATE instance SET lying = false WHERE status <> 'running'"))
    op.create_index("ix_instance_lying", "instance", ["lying"])
