"""The ways of cases, from which the map of real ways is counted; filled by the worker from the journals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032_case_ways"
down_revision = "0031_restored_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An empty table: the first map, or the worker's next day, fills it."""
    op.create_table(
        "case_way",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("process", sa.String(length=64), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("format", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("told", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_case_way_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_case_way")),
    )
    op.create_index("ix_case_way_process_ended_on", "case_way", ["process", "ended_on"])
    op.create_index("ix_case_way_process_started_on", "case_way", ["process", "started_on"])
