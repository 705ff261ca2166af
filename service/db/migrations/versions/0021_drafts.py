"""Drafts of processes have tables; a version has a note and pictures, and may say again what an older one said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import UtcDateTime

revision = "0021_drafts"
down_revision = "0020_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Versions from before have no note; nobody approved them."""
    op.create_table(
        "kept_content",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_kept_content")),
    )
    _drafts()
    op.create_table(
        "version_scenario",
        sa.Column("process", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["kept_content.digest"], name=op.f("fk_version_scenario_digest")),
        sa.PrimaryKeyConstraint("process", "version", "name", name=op.f("pk_version_scenario")),
    )
    op.create_index("ix_version_scenario_digest", "version_scenario", ["digest"])
    op.create_table(
        "definition_picture",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("deployed_at", UtcDateTime(), nullable=False),
        sa.Column("deployed_by", sa.String(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", "version", "number", name=op.f("pk_definition_picture")),
    )
    op.create_index("ix_definition_picture_digest", "definition_picture", ["digest"])
    with op.batch_alter_table("definition") as table:
        table.add_column(sa.Column("note", sa.Text(), nullable=True))
        table.add_column(sa.Column("approved_by", sa.String(64), nullable=True))
        table.drop_constraint("uq_definition_key_digest", type_="unique")


def _drafts() -> None:
    op.create_table(
        "draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("process", sa.String(64), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(64), nullable=False),
        sa.Column("discarded_at", UtcDateTime(), nullable=True),
        sa.Column("discarded_by", sa.String(64), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("proposed_at", UtcDateTime(), nullable=True),
        sa.Column("proposed_by", sa.String(64), nullable=True),
        sa.Column("proposed_revision", sa.Integer(), nullable=True),
        sa.Column("proposed_note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    for column in ("process", "author", "discarded_at"):
        op.create_index(f"ix_draft_{column}", "draft", [column])
    op.create_table(
        "draft_file",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_file_draft_id")),
        sa.ForeignKeyConstraint(["digest"], ["kept_content.digest"], name=op.f("fk_draft_file_digest")),
        sa.PrimaryKeyConstraint("draft_id", "name", name=op.f("pk_draft_file")),
    )
    op.create_index("ix_draft_file_digest", "draft_file", ["digest"])
