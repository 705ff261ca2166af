"""A leader's post names the enterprises at which the leader is stationed (驻点企业, D1)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_stationed_enterprises"
down_revision = "0009_contacts_afterwards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is known of posts until now."""
    op.add_column("leader", sa.Column("stationed", sa.String(500), nullable=True))
