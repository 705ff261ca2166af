"""Notices that stand as they stood when they were checked are remembered, a thousand numbers of the journal each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import UtcDateTime

revision = "0038_verified_notices"
down_revision = "0047_phrases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing of the old data is touched: the first verification checks all notices."""
    op.create_table(
        "verified_notices",
        sa.Column("run", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_verified_notices")),
    )


def downgrade() -> None:
    """The marks are lost: the next verification checks all notices."""
    op.drop_table("verified_notices")
