"""The figures of the needs of one unit, one town or one category are kept summed by month.

All needs wait to be taken in anew by the worker: until it has, questions count needs one by one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0145_figures_within"
down_revision = "0142_pools_whole"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forgets what is summed, so that all of it is taken in together."""
    op.create_table(
        "figure_within",
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("dimension", sa.String(16), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("figure", sa.String(16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("about", "day", "on_day", "dimension", "key", "figure", name=op.f("pk_figure_within")),
    )
    for name, column, rows in (("nothing", "number", "number = 0"), ("coming", "on_day", "on_day > '1900-01-01'")):
        where = sa.text(rows)
        op.create_index(
            f"ix_figure_within_{name}", "figure_within", [column], sqlite_where=where, postgresql_where=where
        )
    for statement in ("DELETE FROM figure_tally", "DELETE FROM figure_case", "DELETE FROM figure_due"):
        op.execute(statement)
    op.execute("INSERT INTO figure_due (instance_id) SELECT id FROM instance WHERE process = 'request' ORDER BY id")


def downgrade() -> None:
    """Nothing is lost: the sums follow from days and clocks."""
    op.drop_table("figure_within")
