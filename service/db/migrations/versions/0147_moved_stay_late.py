"""A later date that came with another version of a process wipes out no lateness: the clocks concerned are made anew.

Their runs counted no more from that day on. The journal alone tells what they must be, and an upgrade reads no journal
here: days are emptied of the cases in which a late clock was moved, and where ``liaison migrate`` gives a case its
days, it gives it its clocks too.
"""

from __future__ import annotations

from alembic import op

revision = "0147_moved_stay_late"
down_revision = "0149_verified_files"
branch_labels = None
depends_on = None

EMPTIED = """
DELETE FROM case_span WHERE instance_id IN (
    SELECT instance_id FROM clock_run
    WHERE ended IN ('moved', 'suspended') AND void_on IS NOT NULL AND due_on < until_on
)
"""


def upgrade() -> None:
    """Empties the days of the cases in which a late clock counted no more once it was moved."""
    op.execute(EMPTIED)


def downgrade() -> None:
    """As before: an older version makes both anew when it is asked to."""
