"""Second factors, proposals about rights, and where an account last signed in from have their places."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db.base import Json, UtcDateTime

revision = "0033_administrators"
down_revision = "0032_case_ways"
branch_labels = None
depends_on = None

_ACCOUNT = sa.table(
    "account", sa.column("username"), sa.column("last_address"), sa.column("failures_since", sa.Integer())
)
_EVENT = sa.table("history_event", sa.column("stream"), sa.column("seq"), sa.column("kind"), sa.column("data", Json))
_KINDS = ("signed_in", "sign_in_failed", "sign_in_locked")


def upgrade() -> None:
    """Accounts learn from the journal where they last signed in from, and how often it failed since."""
    op.create_table(
        "access_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("username", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=True),
        sa.Column("unit_code", sa.String(length=32), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("proposed_by", sa.String(length=32), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_access_proposal_username")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name=op.f("fk_access_proposal_unit_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_proposal")),
    )
    op.create_index("ix_access_proposal_username", "access_proposal", ["username"])
    op.create_index("ix_access_proposal_proposed_at", "access_proposal", ["proposed_at"])
    op.create_table(
        "second_factor",
        sa.Column("username", sa.String(length=32), nullable=False),
        sa.Column("enrolled_at", UtcDateTime(), nullable=False),
        sa.Column("secret", sa.String(length=200), nullable=False),
        sa.Column("recovery", Json, nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_second_factor_username")),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_second_factor")),
    )
    op.add_column("account", sa.Column("last_address", sa.String(length=64), nullable=True))
    op.add_column("account", sa.Column("failures_since", sa.Integer(), server_default="0", nullable=False))
    for name in ("waits", "second_factor"):
        op.add_column("web_session", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("web_session", sa.Column("enrolling", sa.String(length=200), nullable=True))
    op.add_column("web_session", sa.Column("ended_at", UtcDateTime(), nullable=True))
    op.add_column("web_session", sa.Column("ended_from", sa.String(length=64), nullable=True))
    _learn()


def _learn() -> None:
    connection, found = op.get_bind(), dict[str, tuple[str | None, int]]()
    told = sa.select(_EVENT.c.kind, _EVENT.c.data).where(_EVENT.c.stream == "access", _EVENT.c.kind.in_(_KINDS))
    for kind, data in connection.execute(told.order_by(_EVENT.c.seq)):
        username = data.get("username")
        if username is not None:
            address, failures = found.get(username, (None, 0))
            found[username] = (data.get("address"), 0) if kind == "signed_in" else (address, failures + 1)
    for username, (address, failures) in found.items():
        values = {"last_address": address, "failures_since": failures}
        connection.execute(sa.update(_ACCOUNT).where(_ACCOUNT.c.username == username).values(values))
