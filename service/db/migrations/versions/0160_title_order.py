"""How the matter of a need is sorted is kept beside it, with an index: the pinyin was cut out of the words by which the
need is found, of all needs each time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0160_title_order"
down_revision = "0159_quicker_grams"
branch_labels = None
depends_on = None

LONG = 120


def upgrade() -> None:
    """The number, the matter, its pinyin and its initials stand in the search key, each without blanks within."""
    blank = "instr" if op.get_bind().dialect.name == "sqlite" else "strpos"

    def after(text: str) -> str:
        return f"CASE WHEN {blank}({text}, ' ') > 0 THEN substr({text}, {blank}({text}, ' ') + 1) ELSE '' END"

    op.add_column("case_order", sa.Column("title_order", sa.Text(), nullable=True))
    matter = f"(CASE WHEN number IS NULL THEN search_key ELSE {after('search_key')} END)"
    spelled, first = f"({after(matter)})", f"substr({matter}, 1, {blank}({matter}, ' ') - 1)"
    whole = (
        f"CASE WHEN {blank}({spelled}, ' ') > 0 THEN {spelled} "
        f"WHEN {blank}({matter}, ' ') > 0 THEN {first} ELSE {matter} END"
    )
    op.execute(f"UPDATE case_order SET title_order = substr({whole}, 1, {LONG})")  # noqa: S608 - our own words
    op.create_index(
        "ix_case_order_title_order", "case_order", ["title_order", sa.text("started_at DESC"), "instance_id"]
    )


def downgrade() -> None:
    """Nothing is lost."""
    op.drop_index("ix_case_order_title_order", "case_order")
    op.drop_column("case_order", "title_order")
