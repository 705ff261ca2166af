"""The access log has tables, and what auditors ask of the journal has indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import Json, UtcDateTime

revision = "0030_access_log"
down_revision = "0028_version_prints"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_RESTRICTED = sa.text("restricted > 0")
_BEHALF = sa.text("on_behalf_of IS NOT NULL")
_KEPT = "NOT EXISTS (SELECT 1 FROM access_batch WHERE OLD.id BETWEEN first_id AND last_id AND ended_at IS NOT NULL)"
"""Only the entries of a batch whose keeping has ended may be deleted."""


def upgrade() -> None:
    """Nobody's looks of before are known; the indexes cover what is there."""
    op.create_table(
        "access_entry",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("route", sa.String(100), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("restricted", sa.Integer(), nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("asked", Json, nullable=False),
        sa.Column("subjects", Json, nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_entry")),
    )
    op.create_index("ix_access_entry_username_id", "access_entry", ["username", "id"])
    op.create_index("ix_access_entry_act_id", "access_entry", ["act", "id"])
    op.create_index(
        "ix_access_entry_restricted",
        "access_entry",
        ["id"],
        sqlite_where=_RESTRICTED,
        postgresql_where=_RESTRICTED,
    )
    op.create_table(
        "access_subject",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("entry_id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("subject", "entry_id", name=op.f("pk_access_subject")),
    )
    op.create_index("ix_access_subject_entry_id", "access_subject", ["entry_id"])
    op.create_table(
        "access_batch",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_access_batch")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _refuse_on_sqlite()
    else:
        _refuse_on_postgresql()
    op.drop_index("ix_history_event_kind_at", "history_event")
    op.create_index("ix_history_event_kind_at", "history_event", ["kind", "at"])
    op.create_index("ix_history_event_actor_at", "history_event", ["actor", "at"])
    op.create_index(
        "ix_history_event_on_behalf_of_at",
        "history_event",
        ["on_behalf_of", "at"],
        sqlite_where=_BEHALF,
        postgresql_where=_BEHALF,
    )


def _refuse_on_sqlite() -> None:
    for name, occasion in (
        ("update", "UPDATE ON access_entry"),
        ("delete", f"DELETE ON access_entry WHEN {_KEPT}"),
        ("replace", "INSERT ON access_entry WHEN EXISTS (SELECT 1 FROM access_entry WHERE id = NEW.id)"),
    ):
        op.execute(
            f"CREATE TRIGGER access_entry_no_{name} BEFORE {occasion} "
            "BEGIN SELECT RAISE(ABORT, 'access_entry is append-only'); END"
        )


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION access_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'DELETE' THEN IF NOT ({_KEPT}) THEN RETURN OLD; END IF; END IF; "
        "RAISE EXCEPTION 'access_entry is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER access_entry_no_change BEFORE UPDATE OR DELETE ON access_entry "
        "FOR EACH ROW EXECUTE FUNCTION access_entry_refuse()"
    )
    op.execute(
        "CREATE TRIGGER access_entry_no_truncate BEFORE TRUNCATE ON access_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION access_entry_refuse()"
    )
