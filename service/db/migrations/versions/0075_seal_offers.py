"""Heads that an auditor hands in wait for the worker, which holds the journal against them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0075_seal_offers"
down_revision = "0065_files_of_steps"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An empty table: until now the journal was held against them while somebody waited."""
    op.create_table(
        "seal_offer",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_seal_offer")),
    )
