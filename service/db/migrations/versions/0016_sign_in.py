"""Sessions are kept here, tokens end, passwords have an age and a past; failed sign-ins are counted by place."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from service import clock
from service.db import UtcDateTime

revision = "0016_sign_in"
down_revision = "0015_owed_letters"
branch_labels = None
depends_on = None

LIFETIME, GRACE = timedelta(days=365), timedelta(days=30)
"""How long a token lasts, and how long at least those that were issued without an end."""

_token = sa.table(
    "token",
    sa.column("sha256", sa.String),
    sa.column("created_at", UtcDateTime()),
    sa.column("expires_at", UtcDateTime()),
)


def upgrade() -> None:
    """Ends all sessions: everybody signs in anew; counts of failures begin anew; every token gets an end."""
    op.drop_column("account", "session_stamp")
    op.add_column("account", sa.Column("password_set_at", UtcDateTime(), nullable=True))
    op.add_column("account", sa.Column("must_change_password", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "former_password",
        sa.Column("username", sa.String(32), nullable=False),
        sa.Column("replaced_at", UtcDateTime(), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_former_password_username")),
        sa.PrimaryKeyConstraint("username", "replaced_at", name=op.f("pk_former_password")),
    )
    op.create_table(
        "web_session",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("username", sa.String(32), nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_web_session_username")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_web_session")),
    )
    op.create_index("ix_web_session_username", "web_session", ["username"])
    _locks()
    _tokens()


def _locks() -> None:
    op.drop_table("sign_in_lock")
    op.create_table(
        "sign_in_lock",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("username", sa.String(32), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("last_try", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_lock")),
    )
    op.create_index("ix_sign_in_lock_last_try", "sign_in_lock", ["last_try"])
    op.create_index("ix_sign_in_lock_username", "sign_in_lock", ["username"])


def _tokens() -> None:
    op.add_column("token", sa.Column("expires_at", UtcDateTime(), nullable=True))
    connection, soonest = op.get_bind(), clock.now() + GRACE
    for sha256, created_at in connection.execute(sa.select(_token.c.sha256, _token.c.created_at)).all():
        ends = max(created_at + LIFETIME, soonest)
        connection.execute(sa.update(_token).where(_token.c.sha256 == sha256).values(expires_at=ends))
    with op.batch_alter_table("token") as table:
        table.alter_column("expires_at", existing_type=UtcDateTime(), nullable=False)
