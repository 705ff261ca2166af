"""Search keys are spelled anew: traditional characters as simplified ones, rare characters kept, surnames read as such.

Readings of surnames have changed as well, so what lists are sorted by is made anew too.
"""

from __future__ import annotations

from alembic import op

from service.db.migrations.respelled import respell

revision = "0012_spelled_alike"
down_revision = "0011_link_indexes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    respell(op.get_bind())
