"""The kinds of imports are checked by the code that has them, in one place: the table holds any."""

from __future__ import annotations

from alembic import op

revision = "0023_import_kinds"
down_revision = "0022_kept_dates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rows stay as they are, and the check of the status with them."""
    with op.batch_alter_table("import_job") as table:  # which SQLite is given anew
        table.drop_constraint(op.f("ck_import_job_kind"), type_="check")
