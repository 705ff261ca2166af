"""Lateness is told by the runs of tasks' clocks, as of any day: made for all cases from their journals."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from service.db import UtcDateTime
from service.db.base import Json
from service.db.migrations.clock_runs import runs_of

revision = "0014_clock_runs"
down_revision = "0013_import_notes"
branch_labels = None
depends_on = None

BATCH = 5_000
LATE = sa.text("until_on IS NULL OR due_on < until_on")
LATER = sa.text("kind IN ('taken_back', 'urged')")
PREFIX = "instance:"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_event = sa.table(
    "history_event",
    sa.column("stream", sa.Text),
    sa.column("seq", sa.Integer),
    sa.column("at", UtcDateTime()),
    sa.column("kind", sa.Text),
    sa.column("task", sa.Text),
    sa.column("data", Json),
)
_instance = sa.table("instance", sa.column("id", sa.Uuid))


def upgrade() -> None:
    """``instance.late``, which said nothing of who had not answered, goes."""
    runs = op.create_table(
        "clock_run",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=True),
        sa.Column("unit", sa.String(length=32), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("ended", sa.String(length=16), nullable=True),
        sa.Column("void_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "ended IN ('answered', 'handed_back', 'returned', 'cancelled', 'moved', 'suspended')",
            name=op.f("ck_clock_run_ended"),
        ),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_clock_run_instance_id")),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name=op.f("fk_clock_run_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_run")),
    )
    connection = op.get_bind()
    found: list[dict[str, object]] = []
    for run in _runs(connection):
        found.append(run)
        if len(found) == BATCH:
            connection.execute(sa.insert(runs), found)
            found = []
    if found:
        connection.execute(sa.insert(runs), found)
    op.create_index("ix_clock_run_instance_id", "clock_run", ["instance_id"])
    op.create_index("ix_clock_run_task_id", "clock_run", ["task_id"])
    late = ["instance_id", "role", "due_on"]
    op.create_index("ix_clock_run_late", "clock_run", late, sqlite_where=LATE, postgresql_where=LATE)
    op.create_index(
        "ix_history_event_kind_at", "history_event", ["kind", "at"], sqlite_where=LATER, postgresql_where=LATER
    )
    op.drop_column("instance", "late")


def _runs(connection: sa.Connection) -> Iterator[dict[str, object]]:
    """The runs of every case, journal by journal; a journal whose case is gone is for verification to name."""
    known = set(connection.scalars(sa.select(_instance.c.id)))
    names = sorted(f"{PREFIX}{one}" for one in known)
    for first in range(0, len(names), 500):
        events = connection.execute(
            sa.select(_event)
            .where(_event.c.stream.in_(names[first : first + 500]))
            .order_by(_event.c.stream, _event.c.seq)
        ).all()
        for stream, told in groupby(events, key=lambda event: str(event.stream)):
            yield from runs_of(UUID(stream.removeprefix(PREFIX)), told)
