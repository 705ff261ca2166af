"""A case may be about another case or a brief: an instruction (批示) is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048_about_records"
down_revision = "0035_timers_of_a_case"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No case that is there is about another one: the forms that say so are new."""
    op.add_column("instance", sa.Column("about_id", sa.String(64), nullable=True))
    op.create_index("ix_instance_about_id", "instance", ["about_id"])
