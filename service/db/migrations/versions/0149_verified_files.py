"""Files whose bytes were read and are right are remembered, with what their store said of them then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import UtcDateTime

revision = "0149_verified_files"
down_revision = "0141_suspended_stay_asked"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing of the old data is touched: the first verification reads all files."""
    op.create_table(
        "verified_file",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_verified_file")),
    )


def downgrade() -> None:
    """The marks are lost: the next verification reads all files."""
    op.drop_table("verified_file")
