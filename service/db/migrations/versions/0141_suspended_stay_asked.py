"""Suspensions and dispatches that are taken back wipe out nothing that was so before: their clocks are made anew.

Their runs counted no more from that day on. The journal alone tells what they must be, and an upgrade reads no journal
here: days are emptied of the cases concerned, and where ``liaison migrate`` gives a case its days, it gives it its
clocks too.
"""

from __future__ import annotations

from alembic import op

revision = "0141_suspended_stay_asked"
down_revision = "0129_orders_of_cases"
branch_labels = None
depends_on = None

EMPTIED = """
DELETE FROM case_span WHERE instance_id IN (
    SELECT instance_id FROM clock_run
    WHERE ended = 'suspended' OR (ended = 'cancelled' AND void_on IS NOT NULL AND due_on < until_on)
)
"""


def upgrade() -> None:
    """Empties the days of the cases in which a clock stood still, or was late when it was taken back."""
    op.execute(EMPTIED)


def downgrade() -> None:
    """As before: an older version makes both anew when it is asked to."""
