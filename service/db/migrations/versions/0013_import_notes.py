"""An import tells what its file holds beside what was read, and which rows the sheet hides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Json

revision = "0013_import_notes"
down_revision = "0012_spelled_alike"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was noted of the imports until now."""
    op.add_column("import_job", sa.Column("notes", Json, server_default="[]", nullable=False))
    op.add_column("import_job", sa.Column("hidden", Json, server_default="[]", nullable=False))
    op.add_column("import_job", sa.Column("skip_hidden", sa.Boolean(), server_default=sa.false(), nullable=False))
