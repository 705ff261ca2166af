"""A letter that a worker is sending says so itself, apart from when it is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import UtcDateTime

revision = "0018_letter_leases"
down_revision = "0017_variants_of_signs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is under way while the schema changes."""
    op.add_column("owed_letter", sa.Column("leased_until", UtcDateTime(), nullable=True))
