"""The last seal that was checked is remembered, with how the journal stood then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import UtcDateTime

revision = "0110_verified_seals"
down_revision = "0091_figures_by_day"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing of the old data is touched: the first verification checks all seals."""
    op.create_table(
        "verified_seal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_verified_seal")),
    )


def downgrade() -> None:
    """The mark is lost: the next verification checks all seals."""
    op.drop_table("verified_seal")
