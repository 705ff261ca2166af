"""The append-only journal and its outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import Json, UtcDateTime

revision = "0001_history"
down_revision = None
branch_labels = None
depends_on = None

SAME_PLACE = "SELECT 1 FROM history_event WHERE id = NEW.id OR (stream = NEW.stream AND seq = NEW.seq)"
EVENT_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables, and the triggers that refuse to change what happened."""
    op.create_table(
        "history_event",
        sa.Column("id", EVENT_ID, nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("task", sa.Text()),
        sa.Column("data", Json, nullable=False),
        sa.Column("prev_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history_event"),
        sa.UniqueConstraint("stream", "seq", name="uq_history_event_stream_seq"),
        sa.CheckConstraint("seq > 0", name=op.f("ck_history_event_seq_positive")),
    )
    op.create_table(
        "history_head",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("stream", name="pk_history_head"),
    )
    op.create_table(
        "outbox",
        sa.Column("event_id", EVENT_ID, nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("event_id", name="pk_outbox"),
        sa.ForeignKeyConstraint(["event_id"], ["history_event.id"], name="fk_outbox_event_id"),
    )
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"])
    if op.get_bind().dialect.name == "sqlite":
        _refuse_on_sqlite()
    else:
        _refuse_on_postgresql()


def _refuse_on_sqlite() -> None:
    for name, occasion in (
        ("update", "UPDATE ON history_event"),
        ("delete", "DELETE ON history_event"),
        # INSERT OR REPLACE deletes without asking the trigger above.
        ("replace", f"INSERT ON history_event WHEN EXISTS ({SAME_PLACE})"),
    ):
        op.execute(
            f"CREATE TRIGGER history_event_no_{name} BEFORE {occasion} "
            "BEGIN SELECT RAISE(ABORT, 'history_event is append-only'); END"
        )


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION history_event_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'history_event is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER history_event_no_change BEFORE UPDATE OR DELETE ON history_event "
        "FOR EACH ROW EXECUTE FUNCTION history_event_refuse()"
    )
    op.execute(
        "CREATE TRIGGER history_event_no_truncate BEFORE TRUNCATE ON history_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION history_event_refuse()"
    )
