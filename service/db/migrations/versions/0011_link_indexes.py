"""Indexes from which the list of links and its warnings are counted without reading links or talents."""

from __future__ import annotations

from alembic import op

revision = "0011_link_indexes"
down_revision = "0010_stationed_enterprises"
branch_labels = None
depends_on = None

ELIGIBILITY = (
    *("id", "active", "in_district", "works_from", "works_until"),
    *("category", "recognition_expires_on", "type", "type_approved_on"),
)


def upgrade() -> None:
    """Two of them take the place of narrower ones."""
    op.drop_index("ix_link_leader_id_days", table_name="link")
    days = ["leader_id", "starts_on", "ends_on", "held_from", "status", "talent_id"]
    op.create_index("ix_link_leader_id_days", "link", days)
    op.drop_index("ix_link_talent_id", table_name="link")
    op.create_index("ix_link_talent_id_ends_on", "link", ["talent_id", "ends_on", "leader_id"])
    op.create_index("ix_talent_eligibility", "talent", list(ELIGIBILITY))
