"""A file that was deleted from a draft can be brought back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024_deleted_files"
down_revision = "0023_import_kinds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Files that were deleted before are not known any more."""
    key = sa.ForeignKey("kept_content.digest", name=op.f("fk_draft_file_former"))
    with op.batch_alter_table("draft_file") as table:
        table.add_column(sa.Column("former", sa.String(64), key, nullable=True))
    op.create_index(op.f("ix_draft_file_former"), "draft_file", ["former"])
