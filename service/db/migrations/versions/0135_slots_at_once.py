"""The first and the last task of a slot are found at once; claimed tasks alone are indexed by their claim.

A step asked for all that its slot had ever had. Most tasks are claimed by nobody, and each of them stood in an index of
claims.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0135_slots_at_once"
down_revision = "0108_moves_of_cases"
branch_labels = None
depends_on = None

IN_SLOT, CLAIMED = sa.text("scope != ''"), sa.text("assignee IS NOT NULL")


def upgrade() -> None:
    """Makes the one and narrows the other."""
    op.create_index(
        "ix_user_task_slot",
        "user_task",
        ["instance_id", "scope", "entered_seq"],
        sqlite_where=IN_SLOT,
        postgresql_where=IN_SLOT,
    )
    op.drop_index("ix_user_task_assignee", "user_task")
    op.create_index("ix_user_task_assignee", "user_task", ["assignee"], sqlite_where=CLAIMED, postgresql_where=CLAIMED)


def downgrade() -> None:
    """As before."""
    op.drop_index("ix_user_task_assignee", "user_task")
    op.create_index("ix_user_task_assignee", "user_task", ["assignee"])
    op.drop_index("ix_user_task_slot", "user_task")
