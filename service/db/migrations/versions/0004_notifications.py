"""The inbox of each account, what was sent over other channels, and mail addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import UtcDateTime

revision = "0004_notifications"
down_revision = "0003_processes"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables of notifications; what they say can be told again from the journal."""
    op.create_table(
        "notification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(length=32), nullable=False),
        sa.Column("event_id", BigId, nullable=False),
        sa.Column("template", sa.String(length=32), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("receipt", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("read_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["history_event.id"], name=op.f("fk_notification_event_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_notification_instance_id")),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_notification_username")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("event_id", "username", name=op.f("uq_notification_event_id_username")),
    )
    op.create_index("ix_notification_username_created_at", "notification", ["username", "created_at"], unique=False)
    op.create_index(op.f("ix_notification_instance_id"), "notification", ["instance_id"], unique=False)
    op.create_table(
        "notification_delivery",
        sa.Column("event_id", BigId, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("sent_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["history_event.id"], name=op.f("fk_notification_delivery_event_id")),
        sa.PrimaryKeyConstraint("event_id", "channel", "recipient", name=op.f("pk_notification_delivery")),
    )
    op.create_table(
        "mail_address",
        sa.Column("username", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_mail_address_username")),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_mail_address")),
    )
