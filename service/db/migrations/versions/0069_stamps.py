"""印章和签名: pictures of seals and signatures, and the register of their uses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from service.db.base import UtcDateTime

revision = "0069_stamps"
down_revision = "0072_readers_of_cases"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Empty tables: nobody has a stamp yet."""
    op.create_table(
        "stamp",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_code", sa.String(length=32), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("keepers", _JSON, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(unit_code IS NULL) <> (person_id IS NULL)", name=op.f("ck_stamp_owner")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_stamp_dates")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name=op.f("fk_stamp_unit_code")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_stamp_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stamp")),
    )
    op.create_index("ix_stamp_unit_code", "stamp", ["unit_code"])
    op.create_index("ix_stamp_person_id", "stamp", ["person_id"])
    op.create_table(
        "stamp_use",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stamp_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("paper", sa.String(length=60), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("refusal", sa.String(length=500), nullable=True),
        sa.Column("paper_sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["stamp_id"], ["stamp.id"], name=op.f("fk_stamp_use_stamp_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stamp_use")),
    )
    op.create_index("ix_stamp_use_stamp_id", "stamp_use", ["stamp_id"])
    op.create_index("ix_stamp_use_case", "stamp_use", ["case_id", "paper", "n"])
