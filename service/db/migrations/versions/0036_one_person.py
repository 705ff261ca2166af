"""A task may be one person's alone, by the words of its diagram."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036_one_person"
down_revision = "0041_urges"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No diagram could say so before: of every task there is it is empty."""
    op.add_column("user_task", sa.Column("person_key", sa.String(64), nullable=True))
    op.create_index(
        "ix_user_task_person_key",
        "user_task",
        ["person_key"],
        sqlite_where=sa.text("person_key IS NOT NULL"),
        postgresql_where=sa.text("person_key IS NOT NULL"),
    )


def downgrade() -> None:
    """Such a task is everybody's of its role."""
    op.drop_index("ix_user_task_person_key", "user_task")
    op.drop_column("user_task", "person_key")
