"""Choices of how to be told, names in chat services, and heads of units."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0062_notice_choices"
down_revision = "0075_seal_offers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has chosen anything: all goes on as before, but for leaders, who get one letter a day."""
    op.create_table(
        "notice_address",
        sa.Column("username", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name="fk_notice_address_username"),
        sa.PrimaryKeyConstraint("username", "channel", name="pk_notice_address"),
    )
    op.create_table(
        "notice_choice",
        sa.Column("username", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name="fk_notice_choice_username"),
        sa.PrimaryKeyConstraint("username", "kind", "channel", name="pk_notice_choice"),
    )
    op.create_table(
        "unit_head",
        sa.Column("unit_code", sa.String(32), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_unit_head_unit_code"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_unit_head_person_id"),
        sa.PrimaryKeyConstraint("unit_code", name="pk_unit_head"),
    )
    op.create_index("ix_unit_head_person_id", "unit_head", ["person_id"])
