"""The part of each need in the figures names the unit of each step: all needs wait to be taken in anew by the worker.

Until it has, questions count needs one by one. The sums stay as they are.
"""

from __future__ import annotations

from alembic import op

revision = "0112_whose_steps"
down_revision = "0110_verified_seals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Notes every need there is; what has been noted already need not be noted twice."""
    op.execute(
        "INSERT INTO figure_due (instance_id) SELECT instance_id FROM figure_case "
        "WHERE instance_id NOT IN (SELECT instance_id FROM figure_due) ORDER BY instance_id"
    )


def downgrade() -> None:
    """The earlier rules read past what is told more, and find every need changed."""
    upgrade()
