"""How cases stood on any day has a table; what it holds of the cases there are, ``prepare`` makes by replay."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.db import UtcDateTime

revision = "0019_case_spans"
down_revision = "0018_letter_leases"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_event = sa.table(
    "history_event",
    sa.column("stream", sa.Text),
    sa.column("kind", sa.Text),
    sa.column("at", UtcDateTime()),
)
_instance = sa.table(
    "instance",
    sa.column("id", sa.Uuid),
    sa.column("status", sa.String),
    sa.column("end", sa.String),
    sa.column("ended_at", UtcDateTime()),
)


def upgrade() -> None:
    """A suspended case that came to its end when it was woken is completed, as of then."""
    op.create_table(
        "case_span",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=True),
        sa.Column("number", sa.String(length=64), nullable=True),
        sa.Column("talent_id", sa.String(length=32), nullable=True),
        sa.Column("leader_id", sa.String(length=64), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end", sa.String(length=64), nullable=True),
        sa.Column("end_name", sa.String(length=100), nullable=True),
        sa.Column("urges", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("town", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_case_span_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_span")),
    )
    op.create_index("ix_case_span_instance_id", "case_span", ["instance_id", "from_on"])
    connection = op.get_bind()
    alive = _instance.c.status.in_(("running", "suspended"))
    hung = sa.select(_instance.c.id).where(alive, _instance.c.end.is_not(None))
    for case in connection.scalars(hung).all():
        ended = sa.select(sa.func.max(_event.c.at)).where(
            _event.c.stream == f"instance:{case}", _event.c.kind == "ended"
        )
        if (at := connection.scalar(ended)) is not None:
            done = sa.update(_instance).where(_instance.c.id == case)
            connection.execute(done.values(status="completed", ended_at=at))
