"""Files stand in a store, belong to a step of a case, and are uploaded before the form is handed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import UtcDateTime

revision = "0065_files_of_steps"
down_revision = "0055_dates_of_tasks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Files that are there keep their bytes in the database and belong to no step."""
    with op.batch_alter_table("attachment") as table:
        table.alter_column("content", existing_type=sa.LargeBinary(), nullable=True)
        table.add_column(sa.Column("task_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("field", sa.String(64), nullable=True))
    op.create_table(
        "staged_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_file")),
    )
    op.create_index("ix_staged_file_username", "staged_file", ["username"])
    op.create_index("ix_staged_file_added_at", "staged_file", ["added_at"])
    op.create_index("ix_staged_file_sha256", "staged_file", ["sha256"])
