"""An index finds the cases that have been begun and not yet filled in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0154_untitled_cases"
down_revision = "0146_late_runs"
branch_labels = None
depends_on = None

_UNTITLED = sa.text("title = ''")


def upgrade() -> None:
    """Makes the index."""
    op.create_index("ix_instance_untitled", "instance", ["id"], sqlite_where=_UNTITLED, postgresql_where=_UNTITLED)


def downgrade() -> None:
    """Drops it."""
    op.drop_index("ix_instance_untitled", "instance")
