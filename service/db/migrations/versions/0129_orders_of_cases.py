"""A table keeps the columns of lists of each need, so that long lists are sorted and narrowed by them.

All needs there are wait to be taken in, which the worker does: until then lists work it out for each need, as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0129_orders_of_cases"
down_revision = "0135_slots_at_once"
branch_labels = None
depends_on = None

INDEXED = (
    *("number", "status", "stage", "category", "town", "lead_unit", "ended_at", "outcome", "urges"),
    *("due_unit", "rounds", "received_on", "due_on", "first_due_on", "step_due_on"),
)


def upgrade() -> None:
    """Each index has the newest needs of a value first."""
    op.create_table(
        "case_order",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.String(64), nullable=True),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(16), nullable=True),
        sa.Column("talent_id", sa.String(32), nullable=True),
        sa.Column("leader_id", sa.String(64), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("town", sa.Text(), nullable=True),
        sa.Column("initiator_unit", sa.String(32), nullable=True),
        sa.Column("lead_unit", sa.Text(), nullable=True),
        sa.Column("assisting_units", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_name", sa.String(100), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("urges", sa.Integer(), nullable=False),
        sa.Column("due_unit", sa.String(32), nullable=True),
        sa.Column("rounds", sa.Integer(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("first_due_on", sa.Date(), nullable=True),
        sa.Column("step_due_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_case_order_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_case_order")),
    )
    for name in INDEXED:
        op.create_index(f"ix_case_order_{name}", "case_order", [name, sa.text("started_at DESC"), "instance_id"])
    op.execute(
        "INSERT INTO figure_due (instance_id) SELECT id FROM instance WHERE process = 'request' "
        "AND id NOT IN (SELECT instance_id FROM figure_due) ORDER BY id"
    )


def downgrade() -> None:
    """Nothing is lost: the rows follow from those of cases."""
    op.drop_table("case_order")
